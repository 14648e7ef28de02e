// The import page: tables and descriptions go first and together, since they say which clip is which
// video; then each clip by itself, with its own progress and its own line of the result.

const TABLE = /\.(csv|tsv|jsonl|ndjson|json|xlsx)$/i; // .info.json included
const form = document.getElementById("import-form");
const input = form.querySelector('input[type="file"]');
const button = document.getElementById("import-button");
const chosen = document.getElementById("import-chosen");
const result = document.getElementById("import-result");
const summary = document.getElementById("import-summary");
const notes = document.getElementById("import-notes");
const lines = document.getElementById("import-lines");
const template = document.getElementById("import-line");
const text = result.dataset;

const KINDS = { added: "good", updated: "good", unchanged: "plain", error: "bad" };
let isBusy = false;
let tally = new Map(); // kind → {word, n}

function showChosen() {
  const n = input.files.length;
  chosen.textContent = n === 0 ? "" : n === 1 ? text.textChosenOne : text.textChosen.replace("{n}", n);
}

function addLine(name) {
  const line = template.content.firstElementChild.cloneNode(true);
  line.querySelector("bdi").textContent = name;
  lines.append(line);
  setLine(line, { word: text.textWaiting, kind: "plain" });
  return line;
}

function setLine(line, { word, kind, message = "", video = null, pk = null }) {
  line.dataset.kind = kind;
  const pill = line.querySelector(".pill");
  pill.textContent = word;
  if (kind === "plain") delete pill.dataset.kind;
  else pill.dataset.kind = kind;
  const said = line.querySelector(".import-said");
  said.textContent = message;
  if (pk) {
    const link = document.createElement("a");
    link.href = new URL(`../${pk}/`, location.href).pathname;
    const id = document.createElement("bdi");
    id.textContent = video;
    link.append(id);
    said.prepend(link, " ");
  }
}

function place({ file, line, column }) {
  const parts = [file];
  if (line) parts.push(`${text.textLine} ${line}`);
  if (column) parts.push(`${text.textColumn} ${column}`);
  return parts.join(", ");
}

function count(outcome) {
  const known = tally.get(outcome.outcome) ?? { word: outcome.word, n: 0 };
  tally.set(outcome.outcome, { ...known, n: known.n + 1 });
}

function uncount(outcome) {
  const known = tally.get(outcome.outcome);
  if (known) known.n -= 1;
}

function showOutcome(line, outcome) {
  count(outcome);
  setLine(line, {
    word: outcome.word,
    kind: KINDS[outcome.outcome] ?? "warn",
    message: outcome.message,
    video: outcome.video,
    pk: outcome.pk,
  });
}

function addNotes(found) {
  for (const note of found) {
    const item = document.createElement("li");
    item.textContent = note;
    notes.append(item);
  }
}

/** Sends a form; resolves with the answer, rejects with a sentence for people. */
function send(data, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", location.pathname);
    request.responseType = "text";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // a page instead of an answer: the login, or an error
      }
      if (answer && request.status === 200) resolve(answer);
      else if (answer?.message) reject(new Error(answer.message));
      else if (request.status === 200 || request.status === 401 || request.status === 403) reject(new Error(text.textLogin));
      else reject(new Error(text.textFailed));
    });
    request.addEventListener("error", () => reject(new Error(text.textOffline)));
    request.addEventListener("abort", () => reject(new Error(text.textOffline)));
    request.send(data);
  });
}

function options() {
  const data = new FormData();
  data.set("batch", form.elements.batch.value);
  for (const name of ["skip_bad_rows", "replace_media"]) {
    if (form.elements[name].checked) data.set(name, "on");
  }
  return data;
}

async function sendWatched(line, data) {
  const bar = line.querySelector("progress");
  bar.hidden = false;
  bar.value = 0;
  setLine(line, { word: text.textSending, kind: "plain" });
  try {
    return await send(data, (share) => {
      bar.value = share;
      if (share >= 1) setLine(line, { word: text.textChecking, kind: "plain" });
    });
  } finally {
    bar.hidden = true;
  }
}

/** All tables in one request; false if one has errors, and then nothing went in. */
async function sendTables(tables, media) {
  const line = addLine(tables.map((file) => file.name).join(", "));
  const data = options();
  data.set("names", JSON.stringify(media.map((file) => file.name)));
  for (const file of tables) data.append("uploads", file);
  try {
    const answer = await sendWatched(line, data);
    line.remove();
    for (const outcome of answer.results) showOutcome(addLine(place(outcome)), outcome);
    addNotes(answer.notes);
    return answer.stopped ? null : answer.files;
  } catch (error) {
    showOutcome(line, { outcome: "error", word: "!", message: error.message });
    offerAgain(line, () => run([...tables, ...media]));
    return null;
  }
}

async function sendMedium(file, line, owners) {
  const data = options();
  const owner = owners[file.name.toLowerCase()];
  if (owner) data.set("video", owner);
  data.append("uploads", file);
  try {
    const answer = await sendWatched(line, data);
    answer.results.forEach((outcome, n) => showOutcome(n ? addLine(place(outcome)) : line, outcome));
    addNotes(answer.notes);
  } catch (error) {
    const failed = { outcome: "error", word: "!", message: error.message };
    showOutcome(line, failed);
    offerAgain(line, async () => {
      uncount(failed);
      setBusy(true);
      await sendMedium(file, line, owners);
      setBusy(false);
    });
  }
}

function offerAgain(line, act) {
  const again = document.createElement("button");
  again.type = "button";
  again.className = "button is-small";
  again.textContent = text.textAgain;
  again.addEventListener("click", () => { if (!isBusy) act(); });
  line.querySelector(".import-said").append(" ", again);
}

function setBusy(on) {
  isBusy = on;
  button.disabled = on;
  const counts = [...tally.values()].filter(({ n }) => n).map(({ word, n }) => `${n} ${word}`).join(", ");
  summary.textContent = on ? text.textBusy : `${text.textDone} ${counts}`;
}

async function run(files) {
  const tables = files.filter((file) => TABLE.test(file.name));
  const media = files.filter((file) => !TABLE.test(file.name));
  tally = new Map();
  lines.replaceChildren();
  notes.replaceChildren();
  result.hidden = false;
  setBusy(true);
  const owners = tables.length ? await sendTables(tables, media) : {};
  const waiting = media.map((file) => [file, addLine(file.name)]);
  for (const [file, line] of waiting) {
    if (owners) await sendMedium(file, line, owners);
    else setLine(line, { word: text.textStopped, kind: "plain" });
  }
  setBusy(false);
}

input.addEventListener("change", showChosen);
form.addEventListener("submit", (event) => {
  if (!input.files.length) return; // the server says what is missing
  event.preventDefault();
  if (!isBusy) run([...input.files]);
});
addEventListener("beforeunload", (event) => { if (isBusy) event.preventDefault(); });
showChosen();
