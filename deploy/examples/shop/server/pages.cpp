#include "pages.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace shop {
namespace {

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kHtml = "text/html; charset=utf-8";

std::string escape(std::string_view raw) {
  std::string out;
  for (const char c : raw) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string html(const Options& options, std::string_view page, const std::string& body) {
  const std::string title = escape(options.title) + " - " + std::string(page);
  return "<!doctype html><title>" + title + "</title><h1>" + title + "</h1>" + body + "<p>served by " +
         escape(options.colour) + "</p>\n";
}

std::string catalogue(const Options& options) {
  std::string list = "<ul>";
  for (const auto& item : options.items) {
    list += "<li>" + escape(item) + "</li>";
  }
  return html(options, "catalogue", list + "</ul>");
}

std::string basket(const Options& options) {
  return html(options, "basket", "<p>Your basket is empty.</p>");
}

// Shows that the payment key is there, never what it is.
std::string account(const Options& options) {
  const std::string key = options.payment_key_set ? "set" : "not set";
  return html(options, "account", "<p>Payment key: " + key + "</p>");
}

using Render = std::string (*)(const Options&);

void answer(Shop& shop, Render render, httplib::Response& response) {
  const auto finished = shop.till.enter(std::chrono::steady_clock::now());
  if (!finished) {
    response.status = 503;
    response.set_header("Retry-After", "1");
    response.set_content("too many requests are waiting; try again\n", kText);
    return;
  }
  std::this_thread::sleep_until(*finished);
  response.status = 200;
  response.set_content(render(shop.options), kHtml);
}

void serve_page(httplib::Server& server, Shop& shop, const std::string& name, Render render) {
  server.Get("/" + name, [&shop, name, render](const httplib::Request&, httplib::Response& response) {
    const auto arrived = std::chrono::steady_clock::now();
    shop.instruments.begin();
    answer(shop, render, response);
    response.set_header("X-Shop-Colour", shop.options.colour);
    if (shop.readiness.draining()) {
      // The client hears it with its answer and opens its next connection elsewhere; nothing is cut off.
      response.set_header("Connection", "close");
    }
    shop.instruments.end(name, response.status, std::chrono::steady_clock::now() - arrived);
  });
}

void turn(Readiness& readiness, const std::string& state, httplib::Response& response) {
  if (state != "on" && state != "off") {
    response.status = 400;
    response.set_content("state is \"" + state + "\"; ask for ?state=on or ?state=off\n", kText);
    return;
  }
  readiness.turn(state == "on");
  response.set_content(readiness.text(), kText);
}

}  // namespace

void serve_pages(httplib::Server& server, Shop& shop) {
  serve_page(server, shop, "catalogue", catalogue);
  serve_page(server, shop, "basket", basket);
  serve_page(server, shop, "account", account);
}

void serve_admin(httplib::Server& server, Shop& shop) {
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", kText);
  });
  server.Get("/readyz", [&shop](const httplib::Request&, httplib::Response& response) {
    response.status = shop.readiness.ready() ? 200 : 503;
    response.set_content(shop.readiness.text(), kText);
  });
  server.Get("/metrics", [&shop](const httplib::Request&, httplib::Response& response) {
    response.set_content(shop.instruments.exposition(), "text/plain; version=0.0.4; charset=utf-8");
  });
  // With a content reader, because the library refuses a POST without a length (curl -X POST) before a plain
  // handler.
  server.Post(
      "/admin/ready",
      [&shop](
          const httplib::Request& request, httplib::Response& response, const httplib::ContentReader& read) {
        if (request.has_header("Content-Length")) {
          read([](const char*, std::size_t) { return true; });
        }
        turn(shop.readiness, request.get_param_value("state"), response);
      });
}

}  // namespace shop
