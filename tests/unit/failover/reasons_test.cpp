#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clinic.hpp"

/// What people are told of a backend's health.
namespace evenkeel::failover {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string& reason(const Clinic& clinic, std::size_t who = 0) {
  return clinic.outcome.backends.at(who).reason;
}

TEST(ReasonOfABackend, ThatIsFitIsEmpty) {
  Clinic clinic{2};
  clinic.look(0);
  EXPECT_THAT(reason(clinic), IsEmpty());
}

TEST(ReasonOfABackend, ThatIsUnfit) {
  Clinic clinic{2};
  clinic.look(0);
  clinic.seen[0].ready = 0;
  clinic.look(10);
  EXPECT_EQ(reason(clinic), "it has no ready endpoint");
  clinic.seen[0].switched_off = true;
  clinic.look(11);
  EXPECT_THAT(reason(clinic), HasSubstr("switched off by a count of 0"));
  clinic.seen[0].switched_off = false;
  clinic.seen[0].ready = 4;
  clinic.seen[0].drill = true;
  clinic.look(12);
  EXPECT_EQ(reason(clinic), "a drill takes its endpoints away");
}

TEST(ReasonOfABackend, ThatIsEjectedOrWaitsAfterAFlap) {
  Clinic clinic{2};
  clinic.sicken(0, 20);
  EXPECT_EQ(reason(clinic), "its readings were bad for too long: errors 0.2 is above 0.05");
  Clinic flapping{2};
  for (const int time : {0, 20, 40}) {
    flapping.seen[0].ready = 4;
    flapping.look(time);
    flapping.seen[0].ready = 0;
    flapping.look(time + 10);
  }
  flapping.seen[0].ready = 4;
  flapping.look(60);
  EXPECT_THAT(reason(flapping), HasSubstr("again and again"));
}

TEST(ReasonOfABackend, ThatHasTooFewEndpoints) {
  Clinic clinic{2};
  clinic.health.min_ready_percent = 80;
  clinic.look(0);
  clinic.seen[0].ready = 3;
  clinic.look(10);
  EXPECT_EQ(reason(clinic), "3 of 4 expected endpoints are ready, less than minReadyPercent");
}

TEST(ReasonOfABackend, ThatIsOutOrAsleep) {
  Clinic clinic{3};
  clinic.seen[0].draining = true;
  clinic.seen[1].takes_part = false;
  clinic.seen[2].ready = 0;
  clinic.look(0);
  EXPECT_THAT(reason(clinic, 0), HasSubstr("drain")) << "nobody else can serve, so it goes on";
  EXPECT_EQ(reason(clinic, 1), "its weight is 0");
  EXPECT_EQ(reason(clinic, 2), "none of its pods has been ready since it was started");
  clinic.seen[2].at_zero_by_us = true;
  clinic.look(5);
  EXPECT_EQ(reason(clinic, 2), "it sleeps at 0 replicas");
  clinic.seen[2].at_zero_by_us = false;
  clinic.seen[2].ready = 4;
  clinic.look(10);
  EXPECT_EQ(reason(clinic, 0), "it is being drained");
}

TEST(ReasonOfABackend, ThatServesAllTheSame) {
  Clinic clinic{2};
  clinic.failover.panic_percent = 0;
  clinic.sicken(0, 20);
  clinic.seen[1].ready = 0;
  clinic.look(21);
  EXPECT_EQ(reason(clinic), "its ejection is ignored: nobody else can serve");
  clinic.failover.panic_percent = 100;
  clinic.demand.reset();
  clinic.look(22);
  EXPECT_EQ(reason(clinic), "its ejection is ignored: panic");
}

TEST(ReasonOfABackend, ThatIsOnProbation) {
  Clinic clinic{2};
  clinic.sicken(0, 20);
  clinic.seen[0].verdicts = {};
  clinic.look(50);
  EXPECT_EQ(reason(clinic), "it is on probation after an ejection");
}

}  // namespace
}  // namespace evenkeel::failover
