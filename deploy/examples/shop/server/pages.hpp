// The two HTTP faces of the shop: pages for customers, and the admin port for the cluster.
#pragma once

#include <httplib.h>

#include "instruments.hpp"
#include "options.hpp"
#include "readiness.hpp"
#include "till.hpp"

namespace shop {

// Everything that the handlers share; outlives both servers.
struct Shop {
  explicit Shop(const Options& from)
      : options(from),
        till(from.concurrency, from.queue, from.work),
        readiness(from.ready),
        instruments(from.colour) {}

  const Options options;
  Till till;
  Readiness readiness;
  Instruments instruments;
};

// GET /catalogue, /basket, /account. 503 with Retry-After where the queue is full.
void serve_pages(httplib::Server& server, Shop& shop);

// GET /healthz, /readyz, /metrics; POST /admin/ready?state=on|off turns the readiness switch.
void serve_admin(httplib::Server& server, Shop& shop);

}  // namespace shop
