"""One websocket: dialling, the handshake, frames, and whole messages with the time they came."""
