// The customers of the shop: an open load, so that a slow shop does not slow its customers down.
// SHOP_URL: where they go in. STAGES: JSON, [{"duration": "10s", "target": requests a second}, ...].
import http from "k6/http";
import { Counter } from "k6/metrics";

const pages = ["catalogue", "basket", "account"];
const stages = JSON.parse(__ENV.STAGES);
const highest = Math.max(...stages.map((stage) => stage.target));
const served = new Counter("served");

export const options = {
  discardResponseBodies: true,
  systemTags: ["name", "status", "error_code"],
  scenarios: {
    customers: {
      executor: "ramping-arrival-rate",
      startRate: stages[0].target,
      timeUnit: "1s",
      stages: stages,
      // Each waiting request holds one. Making one under load would cost the processor time that the shop needs.
      preAllocatedVUs: Math.ceil(highest * 4),
      maxVUs: Math.ceil(highest * 10),
    },
  },
};

export default function () {
  const page = pages[Math.floor(Math.random() * pages.length)];
  const answer = http.get(`${__ENV.SHOP_URL}/${page}`, { tags: { name: page }, timeout: "10s" });
  served.add(1, { colour: answer.headers["X-Shop-Colour"] || "none", code: String(answer.status) });
}
