// Times ONNX Runtime in a process of its own on one constant batch: node onnxruntime.js REQUEST, a JSON object with
// model, identity (ONNX files), input (raw float32), shape, threads, steps and, optional, output: the beginning of
// the names of files, OUTPUT.0.raw and so on, for the model's results (raw float32). With nothing but model it says
// what goes in and out of that. Prints one JSON object.
"use strict";

const fs = require("fs");
const { performance } = require("perf_hooks");
const onnxruntime = require("onnxruntime-node");

function residentBytes(field) {
  const line = fs.readFileSync("/proc/self/status", "ascii").match(new RegExp(`^${field}:\\s*(\\d+) kB`, "m"));
  return Number(line[1]) * 1024;
}

function readFloats(path, count) {
  const floats = new Float32Array(count);
  const file = fs.openSync(path, "r");
  const read = fs.readSync(file, floats);
  fs.closeSync(file);
  if (read !== floats.byteLength) throw new Error(`${path}: ${read} bytes, expected ${floats.byteLength}`);
  return floats;
}

// Milliseconds of `count` runs, after a tenth as many that are not counted.
async function timed(session, feeds, count) {
  for (let i = 0; i < Math.max(3, count / 10); ++i) await session.run(feeds);
  const times = new Float64Array(count);
  for (let i = 0; i < count; ++i) {
    const start = performance.now();
    await session.run(feeds);
    times[i] = performance.now() - start;
  }
  times.sort();
  return { min_ms: times[0], median_ms: (times[(count - 1) >> 1] + times[count >> 1]) / 2 };
}

async function describe(path) {
  const { inputMetadata, outputNames } = await onnxruntime.InferenceSession.create(path, { logSeverityLevel: 3 });
  console.log(JSON.stringify({ inputs: inputMetadata, outputs: outputNames }));
}

async function main(request) {
  if (!request.input) return describe(request.model);
  fs.writeFileSync("/proc/self/clear_refs", "5"); // the peak is that of what follows
  const before = residentBytes("VmRSS");
  const options = { intraOpNumThreads: request.threads, interOpNumThreads: 1, graphOptimizationLevel: "all" };
  const count = request.shape.reduce((product, extent) => product * extent, 1);
  const pixels = readFloats(request.input, count);
  const image = new onnxruntime.Tensor("float32", pixels, request.shape);
  const session = await onnxruntime.InferenceSession.create(request.model, options);
  const feeds = { [session.inputNames[0]]: image };
  const times = await timed(session, feeds, request.steps);
  const memory = residentBytes("VmHWM") - before;

  if (request.output) {
    const results = await session.run(feeds);
    session.outputNames.forEach((name, i) => fs.writeFileSync(`${request.output}.${i}.raw`, results[name].data));
  }
  // What a call through Node costs: a model that does nothing, on one sample.
  const sample = pixels.slice(0, count / request.shape[0]);
  const one = new onnxruntime.Tensor("float32", sample, [1, ...request.shape.slice(1)]);
  const identity = await onnxruntime.InferenceSession.create(request.identity, options);
  const calls = await timed(identity, { image: one }, request.steps);
  const cost = { call_min_ms: calls.min_ms, call_median_ms: calls.median_ms };
  console.log(JSON.stringify({ ...times, ...cost, memory_bytes: memory }));
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(String(error));
  process.exitCode = 1;
});
