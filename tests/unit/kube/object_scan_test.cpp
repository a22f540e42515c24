#include "object_scan.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Item {
  std::string key;
  std::string version;
  std::string json;
  friend bool operator==(const Item&, const Item&) = default;
};
void PrintTo(const Item& item, std::ostream* os) {
  *os << item.key << "@" << item.version << " " << item.json;
}

Result<ListPage> scan(std::string body, std::vector<Item>& items) {
  ObjectScanner scanner;
  return scanner.scan_list(body, [&](const ObjectView& object) {
    items.push_back({to_string(object.key), object.resource_version, std::string{object.json}});
  });
}

TEST(ScanList, HandsOverEachItemWithKeyVersionAndText) {
  std::vector<Item> items;
  const auto page = scan(
      R"({"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"42","continue":"more"},"items":[)"
      R"({"metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"spec":{"x":[1,{"y":"}"}]}},)"
      R"( {"spec":null,"metadata":{"resourceVersion":"8","name":"b"}} ]})",
      items);
  ASSERT_TRUE(page.ok()) << page.error().message;
  EXPECT_EQ(page->resource_version, "42");
  EXPECT_EQ(page->continue_token, "more");
  EXPECT_THAT(
      items,
      ElementsAre(
          Item{
              "n/a",
              "7",
              R"({"metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"spec":{"x":[1,{"y":"}"}]}})"},
          Item{"/b", "8", R"({"spec":null,"metadata":{"resourceVersion":"8","name":"b"}})"}));
}

TEST(ScanList, DoesNotDependOnTheOrderOfItsFields) {
  std::vector<Item> items;
  const auto page = scan(
      R"({"items":[{"metadata":{"name":"a","resourceVersion":"7"}}],"metadata":{"resourceVersion":"42"}})",
      items);
  ASSERT_TRUE(page.ok()) << page.error().message;
  EXPECT_EQ(page->resource_version, "42");
  EXPECT_EQ(page->continue_token, "");
  EXPECT_EQ(items.size(), 1U);
}

TEST(ScanList, AnEmptyListHasNoItems) {
  for (const char* const none : {"[]", "null"}) {
    std::vector<Item> items;
    EXPECT_TRUE(scan(std::string{R"({"metadata":{"resourceVersion":"1"},"items":)"} + none + "}", items).ok())
        << none;
    EXPECT_TRUE(items.empty());
  }
}

TEST(ScanList, WhatIsNotAListIsAnErrorAndNotAnEmptyList) {
  for (const char* const text :
       {"",
        "[]",
        "<html>",
        "{",
        R"({"kind":"Status"})",
        R"({"items":[]})",
        R"({"metadata":{},"items":[]})",
        R"({"metadata":{"resourceVersion":"1"}})",
        R"({"metadata":{"resourceVersion":"1"},"items":{}})",
        R"({"metadata":{"resourceVersion":"1"},"items":[1]})",
        R"({"metadata":{"resourceVersion":"1"},"items":[{}]})",
        R"({"metadata":{"resourceVersion":"1"},"items":[{"metadata":{}}]})",
        R"({"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}})"}) {
    std::vector<Item> items;
    const auto page = scan(text, items);
    ASSERT_FALSE(page.ok()) << text;
    EXPECT_EQ(page.error().kind, ErrorKind::Invalid);
    EXPECT_THAT(page.error().message, HasSubstr("is not a list"));
  }
}

/// The one item of a list, as it is handed over.
std::string slimmed(const std::string& item) {
  std::vector<Item> items;
  const auto page = scan(R"({"metadata":{"resourceVersion":"1"},"items":[)" + item + "]}", items);
  EXPECT_TRUE(page.ok()) << page.error().message;
  return items.empty() ? "" : items.front().json;
}

TEST(ScanList, LeavesOutManagedFieldsAndNothingElse) {
  EXPECT_EQ(slimmed(R"({"metadata":{"managedFields":[{"a":[1]}],"name":"x"},"spec":{}})"),
            R"({"metadata":{"name":"x"},"spec":{}})");
  EXPECT_EQ(slimmed(R"({"metadata":{"name":"x","managedFields":[]}})"), R"({"metadata":{"name":"x"}})");
  EXPECT_EQ(slimmed(R"({"metadata":{"name":"x", "managedFields" : [ ] , "uid":"u"}})"),
            R"({"metadata":{"name":"x",  "uid":"u"}})");
  EXPECT_EQ(slimmed(R"({"metadata":{"name":"x"},"spec":{"managedFields":[1]}})"),
            R"({"metadata":{"name":"x"},"spec":{"managedFields":[1]}})");
}

TEST(ScanWatchLine, ReadsEachKindOfEvent) {
  ObjectScanner scanner;
  const std::string object = R"({"kind":"X","metadata":{"name":"a","namespace":"n","resourceVersion":"7"}})";
  const auto scan_type = [&](const std::string& type) {
    const auto line = scanner.scan_watch_line(R"({"type":")" + type + R"(","object":)" + object + "}");
    EXPECT_TRUE(line.ok()) << line.error().message;
    EXPECT_EQ(line->key, (ObjectKey{"n", "a"}));
    EXPECT_EQ(line->resource_version, "7");
    EXPECT_EQ(line->object_json, object);
    return line->type;
  };
  EXPECT_EQ(scan_type("ADDED"), WatchEvent::Type::Added);
  EXPECT_EQ(scan_type("MODIFIED"), WatchEvent::Type::Modified);
  EXPECT_EQ(scan_type("DELETED"), WatchEvent::Type::Deleted);
}

TEST(ScanWatchLine, ABookmarkHasAVersionAndNoName) {
  ObjectScanner scanner;
  const auto line = scanner.scan_watch_line(
      R"({"type":"BOOKMARK","object":{"kind":"X","metadata":{"resourceVersion":"9","creationTimestamp":null}}})");
  ASSERT_TRUE(line.ok()) << line.error().message;
  EXPECT_EQ(line->type, WatchEvent::Type::Bookmark);
  EXPECT_EQ(line->resource_version, "9");
}

TEST(ScanWatchLine, AnErrorCarriesItsStatus) {
  ObjectScanner scanner;
  const auto line =
      scanner.scan_watch_line(R"({"type":"ERROR","object":{"kind":"Status","metadata":{},"code":410}})");
  ASSERT_TRUE(line.ok()) << line.error().message;
  EXPECT_EQ(line->type, std::nullopt);
  EXPECT_THAT(std::string{line->object_json}, HasSubstr("410"));
}

TEST(ScanWatchLine, RefusesWhatIsNoEvent) {
  ObjectScanner scanner;
  for (const char* const text :
       {"",
        "{",
        "null",
        "{}",
        R"({"type":"ADDED"})",
        R"({"type":"ADDED","object":{}})",
        R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}})",
        R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})",
        R"({"type":"EATEN","object":{"metadata":{"name":"a","resourceVersion":"1"}}})"}) {
    EXPECT_FALSE(scanner.scan_watch_line(text).ok()) << text;
  }
}

}  // namespace
}  // namespace evenkeel::kube
