#include "watch_state.hpp"

#include <ostream>
#include <string>

#include <gtest/gtest.h>

namespace evenkeel::kube {
namespace {

struct Row {
  std::string name;
  WatchState given;
  WatchInput input;
  WatchState want;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}

class WatchProtocol : public testing::TestWithParam<Row> {};

TEST_P(WatchProtocol, Step) {
  EXPECT_EQ(next(GetParam().given, GetParam().input), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    WatchProtocol,
    testing::Values(Row{"AListGivesThePlaceToWatchFrom", NeedsList{}, ListDone{"7"}, NeedsWatch{"7"}},
                    Row{"AnOpenStreamKeepsThePlace", NeedsWatch{"7"}, StreamOpened{}, Following{"7"}},
                    Row{"AnEventOrBookmarkMovesThePlace", Following{"7"}, PlaceMoved{"9"}, Following{"9"}},
                    Row{"AnEndedStreamResumesWhereItWas", Following{"9"}, StreamEnded{}, NeedsWatch{"9"}},
                    Row{"AWatchThatWasRefusedIsTriedAgain", NeedsWatch{"7"}, StreamEnded{}, NeedsWatch{"7"}},
                    Row{"ALostPlaceNeedsAListWhileOpening", NeedsWatch{"7"}, PlaceLost{}, NeedsList{}},
                    Row{"ALostPlaceNeedsAListWhileFollowing", Following{"7"}, PlaceLost{}, NeedsList{}},
                    Row{"WithoutAPlaceThereIsNothingToOpen", NeedsList{}, StreamOpened{}, NeedsList{}},
                    Row{"WithoutAPlaceThereIsNothingToMove", NeedsList{}, PlaceMoved{"9"}, NeedsList{}},
                    Row{"WithoutAPlaceAnEndChangesNothing", NeedsList{}, StreamEnded{}, NeedsList{}},
                    Row{"AStreamThatIsNotOpenCannotMove", NeedsWatch{"7"}, PlaceMoved{"9"}, NeedsWatch{"7"}}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace evenkeel::kube
