#include "object_scan.hpp"

#include <cstddef>
#include <optional>
#include <utility>

#include <simdjson.h>

namespace evenkeel::kube {
namespace {

namespace ondemand = simdjson::ondemand;

Error not_a(const char* what, const std::string& why) {
  return Error{ErrorKind::Invalid, std::string{"the API server's answer is not a "} + what + ": " + why};
}

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// The text of an object; the parser includes the blanks behind it.
std::string_view text_of(ondemand::object& object) {
  std::string_view json = object.raw_json();
  while (!json.empty() && is_blank(json.back())) json.remove_suffix(1);
  return json;
}

/// A stretch of text with one field of an object.
struct Span {
  std::size_t begin;
  std::size_t end;
};

/// Copies `json` without the field at `field`, and without the comma that goes with it.
void copy_without(std::string_view json, Span field, std::string& out) {
  std::size_t end = field.end;
  while (end < json.size() && is_blank(json[end])) ++end;
  std::size_t begin = field.begin;
  if (end < json.size() && json[end] == ',') {
    field.end = end + 1;
  } else {
    while (begin > 0 && is_blank(json[begin - 1])) --begin;
    if (begin > 0 && json[begin - 1] == ',') field.begin = begin - 1;
  }
  out.assign(json.substr(0, field.begin));
  out.append(json.substr(field.end));
}

}  // namespace

class ObjectScanner::Impl {
 public:
  Result<ListPage> scan_list(std::string& body, const std::function<void(const ObjectView&)>& on_item) {
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    try {
      return scan_list_or_throw(body, on_item);
    } catch (const simdjson::simdjson_error& error) {
      return not_a("list", error.what());
    }
  }

  Result<WatchLine> scan_watch_line(std::string_view line) {
    line_.assign(line);
    line_.reserve(line_.size() + simdjson::SIMDJSON_PADDING);
    try {
      return scan_line_or_throw();
    } catch (const simdjson::simdjson_error& error) {
      return not_a("watch event", error.what());
    }
  }

 private:
  struct Meta {
    ObjectKey key;
    std::string resource_version;
    std::optional<Span> managed_fields;
  };

  Result<ListPage> scan_list_or_throw(std::string& body,
                                      const std::function<void(const ObjectView&)>& on_item) {
    ListPage page;
    bool has_items = false;
    auto document = outer_.iterate(body.data(), body.size(), body.capacity());
    auto list = document.get_object().value();
    for (auto field : list) {
      const std::string_view name = field.unescaped_key();
      if (name == "metadata") {
        read_page(field.value().get_object(), page);
      } else if (name == "items") {
        has_items = true;
        // An empty list may be written as null.
        if (!field.value().is_null() && !read_items(field.value().get_array(), on_item)) {
          return not_a("list", "an item has no metadata.name");
        }
      }
    }
    if (!has_items) return not_a("list", "it has no items");
    if (page.resource_version.empty()) return not_a("list", "it has no metadata.resourceVersion");
    return page;
  }

  static void read_page(ondemand::object metadata, ListPage& page) {
    for (auto entry : metadata) {
      const std::string_view key = entry.unescaped_key();
      if (key == "resourceVersion") page.resource_version = std::string_view(entry.value());
      if (key == "continue") page.continue_token = std::string_view(entry.value());
    }
  }

  /// @return false when one of them has no name.
  bool read_items(ondemand::array items, const std::function<void(const ObjectView&)>& on_item) {
    for (auto item : items) {
      ondemand::object object = item.get_object();
      const std::string_view json = text_of(object);
      const Meta meta = read_meta(json);
      if (meta.key.name.empty()) return false;
      on_item({meta.key, meta.resource_version, slim(json, meta)});
    }
    return true;
  }

  Result<WatchLine> scan_line_or_throw() {
    WatchLine event;
    std::string type;
    std::string_view json;
    auto document = outer_.iterate(line_.data(), line_.size(), line_.capacity());
    auto line = document.get_object().value();
    for (auto field : line) {
      const std::string_view name = field.unescaped_key();
      if (name == "type") {
        type = std::string_view(field.value());
      } else if (name == "object") {
        ondemand::object object = field.value().get_object();
        json = text_of(object);
      }
    }
    if (json.empty()) return not_a("watch event", "it has no object");
    if (type == "ERROR") {
      event.object_json = json;
      return event;
    }
    Meta meta = read_meta(json);
    event.object_json = slim(json, meta);
    event.key = std::move(meta.key);
    event.resource_version = std::move(meta.resource_version);
    if (event.resource_version.empty()) return not_a("watch event", "no metadata.resourceVersion");
    if (type == "BOOKMARK") {
      event.type = WatchEvent::Type::Bookmark;
      return event;
    }
    if (event.key.name.empty()) return not_a("watch event", "no metadata.name");
    if (type == "ADDED") {
      event.type = WatchEvent::Type::Added;
    } else if (type == "MODIFIED") {
      event.type = WatchEvent::Type::Modified;
    } else if (type == "DELETED") {
      event.type = WatchEvent::Type::Deleted;
    } else {
      return not_a("watch event", "unknown type \"" + type.substr(0, 40) + "\"");
    }
    return event;
  }

  /// Reads the metadata of one object. `json` lies inside a padded text, so the bytes after it may be
  /// touched.
  Meta read_meta(std::string_view json) {
    Meta meta;
    auto document = inner_.iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING);
    ondemand::object object = document.get_object();
    auto fields = object.find_field_unordered("metadata").get_object().value();
    for (auto field : fields) {
      // The place of the opening quote, before the parser moves on.
      const char* const begin = field.key().raw() - 1;
      const std::string_view name = field.unescaped_key();
      if (name == "name") {
        meta.key.name = std::string_view(field.value());
      } else if (name == "namespace") {
        meta.key.ns = std::string_view(field.value());
      } else if (name == "resourceVersion") {
        meta.resource_version = std::string_view(field.value());
      } else if (name == "managedFields") {
        ondemand::array managed = field.value().get_array();
        const std::string_view value = managed.raw_json();
        const auto at = static_cast<std::size_t>(begin - json.data());
        meta.managed_fields = Span{at, static_cast<std::size_t>(value.data() - json.data()) + value.size()};
      }
    }
    return meta;
  }

  std::string_view slim(std::string_view json, const Meta& meta) {
    if (!meta.managed_fields) return json;
    copy_without(json, *meta.managed_fields, slim_);
    return slim_;
  }

  ondemand::parser outer_;
  ondemand::parser inner_;
  std::string line_;
  std::string slim_;
};

ObjectScanner::ObjectScanner() : impl_{std::make_unique<Impl>()} {}
ObjectScanner::~ObjectScanner() = default;

Result<ListPage> ObjectScanner::scan_list(std::string& body,
                                          const std::function<void(const ObjectView&)>& on_item) {
  return impl_->scan_list(body, on_item);
}

Result<WatchLine> ObjectScanner::scan_watch_line(std::string_view line) {
  return impl_->scan_watch_line(line);
}

}  // namespace evenkeel::kube
