/** One stream for all windows of a browser, which opens six connections and no more. */
import { Wire } from "./wire";

const ports = new Set<MessagePort>();
let wire: Wire | null = null;

function join(port: MessagePort): void {
  ports.add(port);
  if (wire) port.postMessage(wire.state);
  else wire = new Wire((told) => {
    if (told.kind === "over") wire = null;
    for (const one of ports) one.postMessage(told);
  });
}

function leave(port: MessagePort): void {
  ports.delete(port);
  if (ports.size) return;
  wire?.close();
  wire = null;
}

addEventListener("connect", (event) => {
  const port = (event as MessageEvent).ports[0];
  if (!port) return;
  port.onmessage = (message: MessageEvent<"join" | "leave">) => (message.data === "join" ? join(port) : leave(port));
});
