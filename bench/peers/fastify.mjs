// The peer of bench/ingest.py: fastify and pg do what our ingest does. PEER holds port, database, pool, secret, shop and the statement,
// whose parameters are shop, key, topic, event, triggered_at and body.
import Fastify from "fastify";
import pg from "pg";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

const { port, database, connections, secret, shop, path, statement } = JSON.parse(process.env.PEER);
const pool = new pg.Pool({ connectionString: database, max: connections });
const app = Fastify({ bodyLimit: 2 * 1024 * 1024 });

app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
app.get("/readyz", async () => {
  await pool.query("SELECT 1");
  return "ready";
});
app.post(path, async (request, reply) => {
  const body = request.body;
  const signature = Buffer.from(request.headers["x-wc-webhook-signature"] ?? "", "base64");
  const expected = createHmac("sha256", secret).update(body).digest();
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return reply.code(401).send("Unauthorized");
  const topic = request.headers["x-wc-webhook-topic"];
  const event = `${request.headers["x-wc-webhook-delivery-id"]}/${request.headers["x-wc-webhook-id"]}`;
  const key = fingerprint(Buffer.from("woocommerce"), Buffer.from(topic), Buffer.from(event), body);
  await pool.query({ name: "keep", text: statement, values: [shop, key, topic, event, null, body] });
  return reply.code(200).send("OK");
});

function fingerprint(...parts) {
  const digest = createHash("sha256");
  for (const part of parts) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(part.length));
    digest.update(length).update(part);
  }
  return digest.digest();
}

await app.listen({ host: "127.0.0.1", port });
