// The outbox's promises, against a server and a browser storage made of plain objects.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../static/js/outbox.js";
import { Attic } from "../../static/js/outbox_attic.js";

class Storage {
  constructor() { this.items = new Map(); }
  get length() { return this.items.size; }
  key(index) { return [...this.items.keys()][index] ?? null; }
  getItem(name) { return this.items.get(name) ?? null; }
  setItem(name, text) { this.items.set(name, text); }
  removeItem(name) { this.items.delete(name); }
}

/** Rows with revisions, idempotent by mutation id, as annotator/outbox.py does it. */
class Server {
  constructor(rows) {
    this.rows = new Map(Object.entries(rows));
    this.answers = new Map();
    this.requests = [];
    this.mode = "up";
    this.fetch = (url, init) => this.answer(JSON.parse(init.body));
  }
  async answer(body) {
    this.requests.push(body);
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (this.mode === "down") throw new TypeError("Failed to fetch");
    if (this.mode === "login") return Response.json({ error: "login", message: "log in" }, { status: 401 });
    if (this.mode === "closed") return Response.json({ error: "closed", message: "claimed" }, { status: 409 });
    if (this.mode === "full") {
      return Response.json({ error: "unavailable", message: "the disk is full" }, { status: 503 });
    }
    if (this.mode === "broken") return new Response("<h1>Bad gateway</h1>", { status: 502 });
    if (!this.answers.has(body.mutation)) this.answers.set(body.mutation, this.store(body.changes));
    if (this.mode === "deaf") throw new TypeError("the answer was lost");
    const answer = this.answers.get(body.mutation);
    return Response.json(answer, { status: answer.conflicts.length ? 409 : 200 });
  }
  store(changes) {
    const answer = { saved: [], conflicts: [] };
    for (const { key, base, ...fields } of changes) {
      const row = this.rows.get(key);
      if (base !== row.revision) {
        answer.conflicts.push({ key, ...row });
        continue;
      }
      Object.assign(row, fields, { revision: row.revision + 1 });
      answer.saved.push({ key, ...row });
    }
    return answer;
  }
}

const rows = () => ({ face: { revision: 0, stance: null }, power: { revision: 0, stance: null } });

function page({ server, storage, id, ...handlers }) {
  const revisions = Object.fromEntries([...server.rows].map(([key, row]) => [key, row.revision]));
  const attic = new Attic({ storageKey: "t", storage, now: Date.now, id, locks: null });
  return new Outbox({ storageKey: "t", url: "/save", fetch: server.fetch, storage, attic, revisions, ...handlers });
}

test("a change is saved, and said to be saved only then", async () => {
  const server = new Server(rows());
  const states = [];
  const outbox = page({ server, storage: new Storage(), id: "a", onState: ({ state }) => states.push(state) });
  await outbox.start();
  outbox.put("face", { stance: 1 });
  assert.equal(outbox.state, "saving");
  assert.equal(await outbox.settle(), true);
  assert.equal(server.rows.get("face").stance, 1);
  assert.deepEqual(states.filter((state, n) => state !== states[n - 1]), ["saved", "saving", "saved"]);
});

test("two clicks while a request is under way: the last one wins and nothing conflicts", async () => {
  const server = new Server(rows());
  const outbox = page({ server, storage: new Storage(), id: "a" });
  await outbox.start();
  outbox.put("face", { stance: 1 });
  outbox.put("face", { stance: -1 });
  outbox.put("face", { stance: 0 });
  outbox.put("power", { stance: 1 });
  assert.equal(await outbox.settle(), true);
  assert.equal(server.rows.get("face").stance, 0);
  assert.equal(server.requests.length, 2); // the first click, then everything that had come meanwhile
  assert.equal(server.requests[1].changes.length, 2);
});

test("offline changes are kept across a reload and sent", async () => {
  const server = new Server(rows());
  const storage = new Storage();
  const first = page({ server, storage, id: "a" });
  await first.start();
  server.mode = "down";
  first.put("face", { stance: 1 });
  first.put("power", { stance: -1, note: "at the end" });
  assert.equal(await first.settle(), false);
  assert.equal(first.state, "offline");
  assert.equal(first.pending, 2);
  first.attic.leave(first.box);

  const restored = {};
  server.mode = "up";
  const second = page({ server, storage, id: "b", onRestore: (key, fields) => (restored[key] = fields) });
  await second.start();
  assert.deepEqual(restored, { face: { stance: 1 }, power: { stance: -1, note: "at the end" } });
  assert.equal(await second.settle(), true);
  assert.equal(server.rows.get("face").stance, 1);
  assert.equal(server.rows.get("power").note, "at the end");
  assert.equal(storage.length, 0);
});

test("a lost answer: the request is repeated under its id and stored once", async () => {
  const server = new Server(rows());
  const storage = new Storage();
  const first = page({ server, storage, id: "a" });
  await first.start();
  server.mode = "deaf";
  first.put("face", { stance: 1 });
  await first.settle();
  first.put("face", { stance: 0 }); // on top of what may or may not have arrived
  await first.settle();
  assert.equal(server.rows.get("face").revision, 1);
  first.attic.leave(first.box);

  server.mode = "up";
  const second = page({ server, storage, id: "b" });
  await second.start();
  assert.equal(await second.settle(), true);
  assert.equal(new Set(server.requests.slice(0, -1).map((body) => body.mutation)).size, 1);
  assert.deepEqual({ ...server.rows.get("face") }, { revision: 2, stance: 0 });
});

test("a conflict is shown and decided, never guessed", async () => {
  const server = new Server(rows());
  const conflicts = [];
  const outbox = page({ server, storage: new Storage(), id: "a", onConflict: (key, both) => conflicts.push(both) });
  await outbox.start();
  Object.assign(server.rows.get("face"), { revision: 4, stance: -1 }); // another tab
  outbox.put("face", { stance: 1 });
  outbox.put("power", { stance: 1 });
  assert.equal(await outbox.settle(), false);
  assert.equal(outbox.state, "conflict");
  assert.equal(server.rows.get("face").stance, -1);
  assert.equal(server.rows.get("power").stance, 1);
  assert.deepEqual(conflicts[0].mine, { stance: 1 });
  assert.equal(conflicts[0].theirs.stance, -1);

  outbox.keep("face", "mine");
  assert.equal(await outbox.settle(), true);
  assert.equal(server.rows.get("face").stance, 1);
});

test("a conflict decided for the other side shows it and sends nothing", async () => {
  const server = new Server(rows());
  const shown = [];
  const outbox = page({ server, storage: new Storage(), id: "a", onSaved: (entries) => shown.push(...entries) });
  await outbox.start();
  Object.assign(server.rows.get("face"), { revision: 4, stance: -1 });
  outbox.put("face", { stance: 1 });
  await outbox.settle();
  const before = server.requests.length;
  outbox.keep("face", "theirs");
  assert.equal(await outbox.settle(), true);
  assert.equal(server.requests.length, before);
  assert.equal(shown.at(-1).stance, -1);
});

test("an undecided conflict survives a reload", async () => {
  const server = new Server(rows());
  const storage = new Storage();
  const first = page({ server, storage, id: "a" });
  await first.start();
  Object.assign(server.rows.get("face"), { revision: 4, stance: -1 });
  first.put("face", { stance: 1 });
  await first.settle();
  first.attic.leave(first.box);
  const second = page({ server, storage, id: "b" });
  await second.start();
  await second.settle();
  assert.equal(second.state, "conflict");
  assert.equal(second.box.conflicts.face.mine.stance, 1);
});

test("logged out: kept, said so, and sent after the login", async () => {
  const server = new Server(rows());
  const outbox = page({ server, storage: new Storage(), id: "a" });
  await outbox.start();
  server.mode = "login";
  outbox.put("face", { stance: 1 });
  assert.equal(await outbox.settle(), false);
  assert.equal(outbox.state, "login");
  server.mode = "up";
  assert.equal(await outbox.settle(), true);
  assert.equal(server.rows.get("face").stance, 1);
});

test("a gateway's error page is trouble, not success", async () => {
  const server = new Server(rows());
  const outbox = page({ server, storage: new Storage(), id: "a" });
  await outbox.start();
  server.mode = "broken";
  outbox.put("face", { stance: 1 });
  assert.equal(await outbox.settle(), false);
  assert.equal(outbox.state, "error");
  assert.equal(outbox.pending, 1);
  server.mode = "up";
  assert.equal(await outbox.settle(), true);
});

test("a full disk: not saved, said so in the server's words, and sent again", async () => {
  const server = new Server(rows());
  const storage = new Storage();
  const states = [];
  const outbox = page({ server, storage, id: "a", onState: (state) => states.push(state) });
  await outbox.start();
  server.mode = "full";
  outbox.put("face", { stance: 1 });
  assert.equal(await outbox.settle(), false);
  assert.equal(states.at(-1).state, "error");
  assert.equal(states.at(-1).message, "the disk is full");
  assert.equal(outbox.pending, 1);
  server.mode = "up";
  assert.equal(await outbox.settle(), true);
  assert.equal(server.rows.get("face").stance, 1);
  assert.equal(server.rows.get("face").revision, 1);
});

test("what the server will never take is kept and shown, and does not stop the rest", async () => {
  const server = new Server(rows());
  const refused = [];
  const outbox = page({ server, storage: new Storage(), id: "a", onRefused: (key, entry) => refused.push([key, entry.message]) });
  await outbox.start();
  server.mode = "closed";
  outbox.put("face", { stance: 1 });
  assert.equal(await outbox.settle(), false);
  assert.equal(outbox.state, "error");
  assert.deepEqual(refused, [["face", "claimed"]]);
  server.mode = "up";
  outbox.put("power", { stance: 1 });
  await outbox.settle();
  assert.equal(server.rows.get("power").stance, 1);
  assert.equal(outbox.pending, 1);
  outbox.drop("face");
  assert.equal(outbox.state, "saved");
});

test("an answer that is silent about a row does not count as saved", async () => {
  const server = new Server(rows());
  server.store = () => ({ saved: [], conflicts: [] });
  const outbox = page({ server, storage: new Storage(), id: "a" });
  await outbox.start();
  outbox.put("face", { stance: 1 });
  assert.equal(await outbox.settle(), false);
  assert.equal(outbox.pending, 1);
});

test("two open pages keep their boxes apart", async () => {
  const server = new Server(rows());
  const storage = new Storage();
  const [one, two] = [page({ server, storage, id: "a" }), page({ server, storage, id: "b" })];
  await one.start();
  await two.start();
  server.mode = "down";
  one.put("face", { stance: 1 });
  two.put("face", { stance: -1 });
  await one.settle();
  await two.settle();
  server.mode = "up";
  assert.equal(await one.settle(), true);
  assert.equal(await two.settle(), false);
  assert.equal(two.state, "conflict");
  assert.equal(server.rows.get("face").stance, 1);
});

test("a crashed page's box is taken over only when it has been silent for long", async () => {
  const storage = new Storage();
  const at = (time) => new Attic({ storageKey: "t", storage, now: () => time, id: "b", locks: null });
  const crashed = new Attic({ storageKey: "t", storage, now: () => 1_000, id: "a", locks: null });
  crashed.keep({ parcels: [], waiting: { face: { base: 0, fields: { stance: 1 } } }, conflicts: {}, refused: {} });
  assert.equal(at(61_000).take(null), null);
  assert.equal(at(61_000).take(new Set(["t:a"])), null);
  assert.ok(at(200_000).take(null).waiting.face);
  assert.equal(at(200_000).take(null), null);
});

test("a note waits for the end of the typing, a stance does not", async () => {
  const server = new Server(rows());
  const outbox = page({ server, storage: new Storage(), id: "a" });
  await outbox.start();
  outbox.put("face", { note: "f" }, { delay: 60 });
  outbox.put("face", { note: "fi" }, { delay: 60 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(server.requests.length, 0);
  assert.equal(outbox.state, "saving");
  outbox.put("power", { stance: 1 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(server.rows.get("power").stance, 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(server.rows.get("face").note, "fi");
  assert.equal(outbox.state, "saved");
});

test("no storage: everything works, and the page is told that nothing outlives it", async () => {
  const server = new Server(rows());
  let isKept;
  const outbox = page({ server, storage: null, id: "a", onState: (now) => (isKept = now.isKept) });
  await outbox.start();
  outbox.put("face", { stance: 1 });
  assert.equal(await outbox.settle(), true);
  assert.equal(isKept, false);
});
