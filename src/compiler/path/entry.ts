/** How an entry is followed: as the `leave` of an exit, from where its event arrives. */
import type { StateDimension as Dimension, Entry, Event, Exit, Frame } from "../model/model.js";
import type { Location } from "./location.js";
import { arrivalLocation } from "./symbolic.js";

/** An exit that has an entry's statements as its `leave`, and never leaves. */
export function asExit({ name, span, doc, body }: Entry, event: Event): Exit {
  return {
    name,
    span,
    doc,
    events: [event],
    toUser: event.fromUser,
    toKernel: event.fromKernel,
    prepare: undefined,
    leave: body,
    waivers: [],
  };
}

/** The registers and the stack as an event finds them. */
export function arrivalOf(event: Event, dimensions: readonly Dimension[], frame: Frame): Location {
  const stack = dimensions.find((d) => d.name === "stack");
  // Where the processor switches no stack, an event from user mode finds the user's.
  const found = event.fromUser && !event.fromKernel ? stack?.values.indexOf("user") : stack?.usual;
  const arrives = event.arrives.find((s) => s.dimension === stack)?.value ?? found ?? 0;
  const arrived = stack?.values[arrives] ?? "";
  // A fault of a terminal comes on whatever stack that terminal is on.
  const known = event.faultOf === undefined || arrived === "ist";
  return arrivalLocation(frame, known ? arrived : "joined");
}
