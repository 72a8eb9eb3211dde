// The approver's page. It draws what the server says and posts decisions; text is only ever set as text.
"use strict";
const state = { pending: [], chosen: null, mode: "look", told: "" };
const $ = (id) => document.getElementById(id);

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const current = () => state.pending.find((each) => each.id === state.chosen) ?? null;
const shown = (value) => (value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));
const percent = (ratio) => `${(100 * ratio).toFixed(1)} %`;
const EFFECTS = { read: "changes nothing", reversible_write: "reversible change", irreversible_write: "irreversible change", outward_message: "message to the outside" };

async function refresh() {
  const answer = await fetch("/pending");
  if (!answer.ok) throw new Error(await answer.text());
  state.pending = (await answer.json()).pending;
  if (!current()) {
    state.chosen = state.pending[0]?.id ?? null;
    state.mode = "look";
  }
  draw();
}

function draw() {
  $("queue").replaceChildren(...state.pending.map(row));
  document.title = state.pending.length ? `(${state.pending.length}) approvals` : "opsrange · approvals";
  const request = current();
  if (state.mode !== "look" && $("detail").dataset.id === request?.id) return; // somebody is typing
  $("detail").dataset.id = request?.id ?? "";
  $("detail").replaceChildren(...(request ? detail(request) : [$("empty").content.cloneNode(true)]));
}

function row(request) {
  const chosen = request.id === state.chosen;
  return el("li", {},
    el("button", { type: "button", class: chosen ? "row chosen" : "row", "aria-current": chosen ? "true" : "false", onclick: () => choose(request.id) },
      el("span", { class: "where" }, request.attempt),
      el("code", {}, request.command),
      request.paused ? el("span", { class: "paused" }, "paused") : null));
}

function choose(id) {
  state.chosen = id;
  state.mode = "look";
  draw();
}

function detail(request) {
  const preview = request.preview;
  return [
    el("p", { class: "why" }, [request.agent, request.attempt, request.gate].filter(Boolean).join(" · ")),
    el("p", { class: "ask" }, request.why),
    request.paused ? el("p", { class: "paused" }, "Paused: nobody answered in time. It will be rejected unless you decide.") : null,
    el("pre", { class: "command", id: "command" }, request.command),
    request.message ? el("blockquote", {}, request.message) : null,
    preview ? foreseen(request, preview) : el("p", { class: "quiet" }, "No preview is shown under this policy: you see what the command says, not what it does."),
    ...documents(request.documents),
    el("div", { class: "actions", id: "actions" }, ...actions()),
    el("p", { class: "error", id: "error", role: "alert" }, state.told),
  ].filter((part) => part !== null);
}

function foreseen(request, preview) {
  const step = preview.step;
  const body = [
    el("h2", {}, "What it did on a fork of the world"),
    el("p", {}, el("span", { class: `effect ${step.effect}` }, EFFECTS[step.effect] ?? step.effect),
      ` exit code ${step.exit_code ?? "none: it was stopped"}`),
  ];
  if (preview.unfinished) body.push(el("p", { class: "paused" }, `The preview is not the whole: ${preview.unfinished}.`));
  if (step.changes.length) body.push(el("table", { class: "diff" }, el("tbody", {}, ...step.changes.slice(0, 200).map(change))));
  if (preview.acted && preview.idle) body.push(...outlook(request, preview));
  const output = (step.stdout + step.stderr).slice(0, 4000);
  if (output) body.push(el("details", {}, el("summary", {}, "output"), el("pre", {}, output)));
  return el("div", { id: "preview" }, ...body);
}

function change(each) {
  return el("tr", {},
    el("td", {}, `${each.verb} `, el("code", {}, each.entity), each.path ? el("span", { class: "path" }, each.path) : null),
    el("td", {}, each.old === null || each.old === undefined ? null : el("del", {}, shown(each.old)), each.new === null || each.new === undefined ? null : el("ins", {}, shown(each.new))));
}

function outlook(request, preview) {
  const journeys = Object.keys(preview.idle.health).sort((a, b) => (request.health_change[a] ?? 0) - (request.health_change[b] ?? 0));
  const minutes = Math.round(preview.horizon_ms / 60000);
  const news = preview.acted.alerts.filter((alert) => !preview.idle.alerts.includes(alert));
  const gone = preview.idle.alerts.filter((alert) => !preview.acted.alerts.includes(alert));
  return [
    el("h2", {}, `What users would meet in ${minutes} minutes`),
    el("table", { class: "outlook" },
      el("thead", {}, el("tr", {}, el("th", {}, "journey"), el("th", {}, "without"), el("th", {}, "with"), el("th", {}, "difference"))),
      el("tbody", {}, ...journeys.map((journey) => {
        const difference = request.health_change[journey] ?? 0;
        return el("tr", {}, el("td", {}, journey), el("td", {}, percent(preview.idle.health[journey])), el("td", {}, percent(preview.acted.health[journey] ?? 0)),
          el("td", { class: difference < -0.005 ? "worse" : difference > 0.005 ? "better" : "" }, `${difference > 0 ? "+" : ""}${(100 * difference).toFixed(1)} points`));
      }))),
    news.length ? el("p", { class: "worse" }, `It would raise: ${news.join(", ")}`) : null,
    gone.length ? el("p", { class: "better" }, `It would end: ${gone.join(", ")}`) : null,
  ].filter((part) => part !== null);
}

function documents(found) {
  if (!found.length) return [];
  return [el("h2", {}, "Documents the agent has read"),
    ...found.map((each) => el("details", {}, el("summary", {}, each.title), el("pre", {}, each.text)))];
}

function actions() {
  if (state.mode === "edit") {
    const box = el("textarea", { id: "text", rows: 4, "aria-label": "the command to run instead" });
    box.value = current().command;
    return [box, button("run this instead", "Ctrl+Enter", () => decide("modify", { modified: box.value })), button("back", "Esc", look)];
  }
  if (state.mode === "deny" || state.mode === "end") {
    const ends = state.mode === "end";
    const box = el("input", { id: "text", type: "text", placeholder: "reason: the agent is told it", "aria-label": "reason" });
    return [box, button(ends ? "end the attempt" : "deny", "Enter", () => decide(ends ? "terminate" : "reject", { reason: box.value })), button("back", "Esc", look)];
  }
  return [button("approve", "a", () => decide("approve")), button("edit", "e", () => enter("edit")), button("deny", "d", () => enter("deny")), button("end the attempt", "t", () => enter("end"))];
}

const button = (text, key, act) => el("button", { type: "button", "data-key": key, onclick: act }, text, " ", el("kbd", {}, key));

function enter(mode) {
  if (!current()) return;
  state.mode = mode;
  $("actions").replaceChildren(...actions());
  $("text")?.focus();
}

function look() {
  state.mode = "look";
  state.told = "";
  $("detail").dataset.id = "";
  draw();
}

async function decide(decision, more = {}) {
  const request = current();
  if (!request) return;
  const answer = await fetch("/decide", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ id: request.id, decision, ...more }) });
  if (!answer.ok) {
    state.told = await answer.text();
    $("error").textContent = state.told;
    if (answer.status === 409) await refresh();
    return;
  }
  state.mode = "look";
  state.told = "";
  await refresh();
}

function move(by) {
  const place = state.pending.findIndex((each) => each.id === state.chosen);
  const next = state.pending[Math.min(state.pending.length - 1, Math.max(0, place + by))];
  if (next) choose(next.id);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return look();
  if (state.mode === "edit") return event.key === "Enter" && event.ctrlKey ? decide("modify", { modified: $("text").value }) : undefined;
  if (state.mode === "deny" || state.mode === "end") {
    if (event.key === "Enter") decide(state.mode === "end" ? "terminate" : "reject", { reason: $("text").value });
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = { j: () => move(1), k: () => move(-1), a: () => decide("approve"), e: () => enter("edit"), d: () => enter("deny"), t: () => enter("end") }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

function connected(there) {
  $("state").textContent = there ? "connected: requests come here" : "connection lost: what is pending pauses, nothing is approved";
  document.body.classList.toggle("lost", !there);
}

const news = new EventSource("/news");
news.onopen = () => connected(true);
news.onerror = () => connected(false);
let version = null;
news.onmessage = (event) => {
  if (event.data === version) return;
  version = event.data;
  refresh().catch(() => connected(false));
};
