#pragma once

/// The library's threads, which only move bytes: all waiting and all handlers are on our own.
namespace evenkeel::http {

/// Starts the pool with few threads, at the first call; at the end of the process it is drained. Any thread.
void start_pool_once();

}  // namespace evenkeel::http
