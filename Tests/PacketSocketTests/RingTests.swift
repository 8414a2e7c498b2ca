import LinuxSystem
import PacketSocket
import TestSupport
import Testing

extension PacketSocketTests {
    @Suite("A receive ring")
    struct RingTests {
        @Test("A block says whether it was full or its time was over, and the ring how much of it waits")
        func blocks() throws {
            try OwnThread.run {
                let veth = try Veth()
                try veth.awaitCarrier()
                let ring = try CaptureRing(
                    RingSettings(blockBytes: 64 << 10, bytes: 8 * 64 << 10, retireMilliseconds: 20), program: nil,
                    name: "b")
                try ring.listen(on: veth.b, name: "b")
                let sender = try PacketSender(name: "a")
                try sender.attach(to: (veth.a, "a", 1500))
                sender.update(isUp: true, mtu: 1500)
                let finisher = FrameFinisher()
                let frame = [UInt8](repeating: 2, count: 1514)
                func send(_ count: Int) {
                    for _ in 0..<count {
                        finisher.finish(
                            frame.span, timestamp: 0, originalLength: 1514, isOutgoing: false, flush: {}
                        ) { piece in
                            sender.add(piece)
                            sender.flush()
                        }
                    }
                }
                func take() throws -> (frames: Int, isFull: Bool) {
                    for _ in 0..<1000 {
                        if let block = ring.nextBlock() { return (block.count, block.isFull) }
                        ThisProcess.pause(milliseconds: 2)
                    }
                    throw LabError("no block comes")
                }
                send(1)
                #expect(try take() == (1, false))
                // Some 40 of these fill a block: five are full, and a sixth begun.
                send(220)
                #expect(ring.isFilled(toOneIn: 2))
                var blocks: [(frames: Int, isFull: Bool)] = [try take()]
                #expect(!ring.isFilled(toOneIn: 2))
                while blocks.map(\.frames).reduce(0, +) < 220 { blocks.append(try take()) }
                #expect(blocks.map(\.isFull) == [true, true, true, true, true, false])
            }
        }
    }
}
