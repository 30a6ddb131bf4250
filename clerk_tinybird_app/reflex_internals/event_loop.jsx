// What Reflex's page knows of its websocket. This is the only import from Reflex's templates.
import { useContext } from "react";
import { EventLoopContext } from "$/utils/context-registry";

// The errors of the connection. There are some while the websocket is down.
export const useConnectErrors = () => useContext(EventLoopContext)[1];
