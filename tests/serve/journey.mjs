// The journey of a JavaScript client: node journey.mjs FOLDER BASE_URL SECRET BODY HEADERS, where FOLDER
// holds node_modules.
// Prints one line of JSON; every number and name in it is checked by test_clients.py.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, baseURL, secret, body, headers] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const OpenAI = require("openai");
const { toFile } = OpenAI;
const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
const packed = readFileSync(join(folder, "node_modules", "openai", "package.json"), "utf8");
const told = { version: JSON.parse(packed).version };

async function finished(video) {
  while (video.status === "queued" || video.status === "in_progress") {
    const { data, response } = await client.videos.retrieve(video.id).withResponse();
    const wait = Number(response.headers.get("openai-poll-after-ms"));
    if (!(wait > 0)) throw new Error("nobody said when to ask again");
    await new Promise((wake) => setTimeout(wake, wait));
    video = data;
  }
  if (video.status !== "completed") throw new Error(JSON.stringify(video));
  return video;
}

async function bytes(id, variant) {
  const content = await client.videos.downloadContent(id, { variant });
  return Buffer.from(await content.arrayBuffer());
}

const short = { seconds: "1", size: "96x64", steps: 1, seed: 7 };
const film = await finished(await client.videos.create({ prompt: "a red ball rolls", ...short }));
told.film = [film.status, film.progress, film.seconds, film.size];

const mp4 = await bytes(film.id, "video");
const thumbnail = await bytes(film.id, "thumbnail");
const sheet = await bytes(film.id, "spritesheet");
told.kinds = [mp4.subarray(4, 8), thumbnail.subarray(8, 12), sheet.subarray(0, 2)].map((part) =>
  part.toString("latin1"),
);

const picture = await toFile(thumbnail, "first.webp", { type: "image/webp" });
const referenced = await client.videos.create({
  prompt: "a red ball rolls", input_reference: picture, ...short,
});
const remixed = await client.videos.remix(film.id, { prompt: "a blue cube falls" });
told.remixed_from = remixed.remixed_from_video_id === film.id;
const upload = () => toFile(mp4, "film.mp4", { type: "video/mp4" });
const edited = await client.videos.edit({ prompt: "a green cone", video: await upload() });
const extended = await client.videos.extend({
  prompt: "it rolls on", seconds: "4", video: await upload(),
});
told.extended = extended.seconds;
const byId = await client.post("/videos/extensions", {
  body: { prompt: "it rolls on", video: { id: film.id }, seconds: "1", steps: 1 },
});
for (const video of [referenced, remixed, edited, extended, byId]) await finished(video);
told.made = 5;

const hero = await client.videos.createCharacter({ name: "Rolly", video: await upload() });
told.character = (await client.videos.getCharacter(hero.id)).name;

const ids = [];
for await (const video of client.videos.list({ limit: 2, order: "desc" })) {
  ids.push(video.id);
  if (video.id === film.id) break;
}
told.listed = [ids.at(-1) === film.id, new Set(ids).size === ids.length, ids.length > 2];

told.deleted = (await client.videos.delete(film.id)).deleted;
try {
  await client.videos.retrieve(film.id);
} catch (error) {
  told.gone = [error.status, error.code, error instanceof OpenAI.NotFoundError];
}

const event = await client.webhooks.unwrap(body, JSON.parse(headers), secret);
told.event = [event.type, event.data.id];
try {
  await client.webhooks.unwrap(body.replace("completed", "complated"), JSON.parse(headers), secret);
} catch (error) {
  told.forged = error.constructor.name;
}
console.log(JSON.stringify(told));
