# SPDX-License-Identifier: MIT
"""A proxy between Kafka's clients and a broker that knows one request, EndTxn.

judge(client_id, n) says what becomes of the n-th EndTxn (from 1) of a client:

    None           it passes, and so does its response
    ("delay", s)   it comes too late: the client gives up after a while, asks
                   again and is answered; and then, s seconds after the first
                   records of its next transaction, this one is forwarded
    ("cut", 0)     it is forwarded, and the client's connection cut at once
    ("lose", 0)    the connection is cut before it is forwarded
    ("late", s)    its response is held back for s seconds
    ("mute", 0)    neither its response nor any later one passes

The frames are those of Kafka's protocol guide: a length, then in a request
key, version, correlation id and client id; in a response the correlation id.
"""
import asyncio
import collections
import struct
import threading

PRODUCE, END_TXN = 0, 26
LINGER = 1.0    # what was forwarded is dealt with before its connection ends


class Proxy:
    def __init__(self, port, broker, judge):
        self.port, self.broker, self.judge = port, broker, judge
        self.seen = collections.Counter()
        self.done = []  # (client, what), in order
        self.past = {}  # client: its EndTxn that comes too late
        self.loop = asyncio.new_event_loop()
        self.up = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()
        self.up.wait(10)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(
            self.client, "127.0.0.1", self.port))
        self.up.set()
        self.loop.run_forever()

    async def client(self, reader, writer):
        try:
            from_b, to_b = await asyncio.open_connection("127.0.0.1",
                                                         self.broker)
        except OSError:
            writer.transport.abort()
            return
        held = {}       # correlation id: what becomes of the response
        down = asyncio.create_task(self.responses(from_b, writer, held))
        try:
            await self.requests(reader, writer, to_b, held)
        except (OSError, asyncio.IncompleteReadError):
            pass
        while to_b in (at for _, at, _ in self.past.values()):
            await asyncio.sleep(LINGER)
        await asyncio.sleep(LINGER)
        to_b.transport.abort()
        await down
        writer.transport.abort()

    def verdict(self, key, who):
        """What is to become of a request."""
        if key != END_TXN:
            return "", 0
        self.seen[who] += 1
        what = self.judge(who, self.seen[who])
        if what:
            self.done.append((who, what[0]))
        return what or ("", 0)

    async def requests(self, reader, writer, to_b, held):
        while True:
            frame = await read_frame(reader)
            key, _, no, n = struct.unpack_from(">hhih", frame)
            who = frame[10:10 + n].decode()
            how, seconds = self.verdict(key, who)
            if how == "lose":
                writer.transport.abort()
                return
            if how == "delay":
                self.past[who] = (frame, to_b, self.seen[who])
                continue
            if how in ("late", "mute"):
                held[no] = (how, seconds)
            await put_frame(to_b, frame)
            if how == "cut":
                writer.transport.abort()
                return
            if key == PRODUCE:
                await self.haunt(who)

    async def haunt(self, who):
        """A transaction has begun: now what is past comes back."""
        frame, to_b, n = self.past.get(who, (None, None, 0))
        if frame is None or self.seen[who] == n:
            return
        await asyncio.sleep(self.judge(who, n)[1])
        del self.past[who]
        await put_frame(to_b, frame)
        await asyncio.sleep(self.judge(who, n)[1])

    async def responses(self, from_b, writer, held):
        mute = False
        try:
            while True:
                frame = await read_frame(from_b)
                how, seconds = held.pop(struct.unpack_from(">i", frame)[0],
                                        ("", 0))
                mute = mute or how == "mute"
                await asyncio.sleep(seconds)
                if not mute:
                    await put_frame(writer, frame)
        except (OSError, asyncio.IncompleteReadError):
            if not mute:
                writer.transport.abort()


async def read_frame(reader):
    head = await reader.readexactly(4)
    return await reader.readexactly(struct.unpack(">i", head)[0])


async def put_frame(writer, frame):
    writer.write(struct.pack(">i", len(frame)) + frame)
    await writer.drain()
