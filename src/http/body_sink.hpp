#pragma once

#include <memory>
#include <stdexcept>
#include <utility>

#include <cpprest/astreambuf.h>

#include "exchange.hpp"

namespace evenkeel::http {

/// The write-only end of a response body that hands each piece to a mailbox. The library's own buffers take
/// whatever comes, without bound and without asking whether anybody reads.
class BodySink final : public concurrency::streams::details::streambuf_state_manager<unsigned char> {
 public:
  explicit BodySink(std::shared_ptr<Mailbox> mailbox)
      : streambuf_state_manager{std::ios_base::out},
        mailbox_{std::move(mailbox)} {}

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  utility::size64_t size() const override { return 0; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return failed_position(); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return failed_position(); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return failed_position();
  }
  bool acquire(unsigned char*& bytes, std::size_t& count) override {
    bytes = nullptr;
    count = 0;
    return false;
  }
  void release(unsigned char*, std::size_t) override {}

 protected:
  using streambuf_state_manager::_putn;
  pplx::task<std::size_t> _putn(const unsigned char* bytes, std::size_t count) override {
    return mailbox_->put_chunk(bytes, count);
  }
  pplx::task<int_type> _putc(unsigned char) override { return unsupported<int_type>(); }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  unsigned char* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}
  pplx::task<std::size_t> _getn(unsigned char*, std::size_t) override { return unsupported<std::size_t>(); }
  std::size_t _scopy(unsigned char*, std::size_t) override { return 0; }
  pplx::task<int_type> _bumpc() override { return unsupported<int_type>(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return unsupported<int_type>(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return unsupported<int_type>(); }
  pplx::task<int_type> _ungetc() override { return unsupported<int_type>(); }

 private:
  static pos_type failed_position() { return static_cast<pos_type>(traits::eof()); }
  template <class T>
  static pplx::task<T> unsupported() {
    return pplx::task_from_exception<T>(std::logic_error{"a response body is only written to"});
  }

  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace evenkeel::http
