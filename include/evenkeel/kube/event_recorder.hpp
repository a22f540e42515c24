#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/kube/api_client.hpp"

namespace evenkeel::kube {

/// The object that an event is about.
struct Regarding {
  std::string api_version;  ///< `evenkeel.dev/v1alpha1`
  std::string kind;
  ObjectKey key;  ///< `ns` empty for kinds without namespaces: their events live in `default`.
  std::string uid;
};

enum class EventType { Normal, Warning };

/// Something that happened to an object, for `kubectl describe`.
struct Event {
  Regarding regarding;
  EventType type = EventType::Normal;
  std::string reason;  ///< CamelCase, why: at most 128 characters.
  std::string action;  ///< CamelCase, what was done or tried: at most 128 characters.
  std::string note;    ///< One sentence. Cut at 1024 bytes.
};

/// Takes events. Behind an interface for tests of those that report.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// Never waits for the network and never fails; thread-safe.
  virtual void record(const Event& event) = 0;
};

struct EventRecorderOptions {
  std::string controller{"evenkeel.dev/evenkeel"};  ///< reportingController: a qualified name.
  std::string instance;                             ///< reportingInstance: the pod. At most 128 characters.
  std::size_t queue_length = 1000;                  ///< Events waiting to be sent; more are dropped.
  std::size_t remembered = 4096;               ///< Distinct events known; the least recent are forgotten.
  int burst_per_object = 25;                   ///< Writes for one object at once,
  std::chrono::seconds refill_per_object{60};  ///< and one more for each such time that passes.
};

struct EventCounts {
  std::uint64_t sent = 0;     ///< Creates and patches that succeeded.
  std::uint64_t dropped = 0;  ///< For lack of room, by the limit per object, or after a failed write.
};

/// Writes events.k8s.io/v1 objects from a thread of its own.
///
/// The same event (regarding uid, type, reason, note) is created once and then counted in its `series`. Names
/// follow from the content, so a repeated create is harmless and a restarted operator goes on counting. Needs
/// the verbs create and patch on events.events.k8s.io.
class EventRecorder final : public EventSink {
 public:
  /// `api` and `clock` are borrowed and outlive the recorder.
  EventRecorder(Api& api, EventRecorderOptions options, const Clock& clock);
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;
  /// Gives up what has not been sent and joins the thread.
  ~EventRecorder() override;

  void record(const Event& event) override;
  [[nodiscard]] EventCounts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace evenkeel::kube
