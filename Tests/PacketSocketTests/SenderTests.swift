import CLinux
import LinuxSystem
import PacketSocket
import RandomNumbers
import TestSupport
import Testing

extension PacketSocketTests {
    @Suite("Sending", .needs(.directSending))
    struct SenderTests {
        @Test("What the driver didn't take goes through the queue, whose word counts, and never comes later")
        func downBehindItsBack() throws {
            try OwnThread.run {
                let line = try Line()
                try line.exchange(10)
                for round in 1...3 as ClosedRange<UInt64> {
                    line.add(50)
                    try line.veth.set("a", up: false)
                    line.sender.flush()
                    #expect(
                        (line.sender.counts[0].sent, line.sender.counts[0].down) == (10 + 5 * (round - 1), 50 * round))
                    #expect(!line.sender.passesQueue)
                    try line.veth.set("a", up: true)
                    line.sender.update(isUp: true, mtu: 1500)
                    try line.exchange(5)
                }
                #expect(line.sender.counts[0].failedBytes == 150 * 60)
                #expect(line.sender.counts[0].sentBytes == 25 * 60)
            }
        }

        @Test("A frame that the driver drops comes again through the queue, with those behind it")
        func withoutCarrier() throws {
            try OwnThread.run {
                let line = try Line()
                line.sender.passQueue(true)
                line.add(20)
                // The interface is up, but not its carrier.
                try line.veth.set("b", up: false)
                line.sender.flush()
                #expect(!line.sender.passesQueue)
                // A queue that stands still takes frames and drops them; who sends compares with the interface's numbers.
                #expect(line.sender.counts[0].sent + line.sender.counts[0].failed == 20)
                try line.veth.set("b", up: true)
                line.sender.update(isUp: true, mtu: 1500)
                try line.exchange(3)
            }
        }

        @Test(
            "After a failure it is tried again at the second ask, then at the fourth, until there is news of the port")
        func pauses() throws {
            try OwnThread.run {
                let line = try Line()
                line.sender.passQueue(true)
                for skipped in [1, 3] {
                    line.add(1)
                    try line.veth.set("a", up: false)
                    line.sender.flush()
                    try line.veth.set("a", up: true)
                    for _ in 0..<skipped {
                        line.sender.passQueue(true)
                        #expect(!line.sender.passesQueue)
                    }
                    line.sender.passQueue(true)
                    #expect(line.sender.passesQueue)
                }
                line.add(1)
                try line.veth.set("a", up: false)
                line.sender.flush()
                try line.veth.set("a", up: true)
                line.sender.update(isUp: true, mtu: 1500)
                try line.exchange(1)
            }
        }

        @Test("By chance down and up, one way and the other: each frame that was sent arrives, once and in its order")
        func flapping() throws {
            try OwnThread.run {
                var numbers = SeededNumbers(7)
                let line = try Line()
                var arrived: [Int] = []
                for _ in 0..<400 {
                    if Bool.random(using: &numbers) { line.sender.passQueue(.random(using: &numbers)) }
                    line.add(.random(in: 0...150, using: &numbers), flushingAt: .random(in: 1...100, using: &numbers))
                    let goesDown = Int.random(in: 0..<4, using: &numbers) == 0
                    if goesDown { try line.veth.set("a", up: false) }
                    line.sender.flush()
                    arrived += try line.receive()
                    guard goesDown else { continue }
                    try line.veth.set("a", up: true)
                    line.sender.update(isUp: true, mtu: 1500)
                }
                #expect(arrived == arrived.sorted())
                #expect(Set(arrived).count == arrived.count)
                #expect(arrived.count == Int(line.sender.counts[0].sent))
                let counts = line.sender.counts[0]
                #expect(Int(counts.sent + counts.failed) == line.next)
                #expect(counts.down == counts.failed)
                #expect(counts.sent > 10_000)
                #expect(counts.down > 500)
            }
        }
    }
}

/// A sender at one end of a cable, and a listener at the other.
private final class Line {
    let veth: Veth
    let sender: PacketSender
    private let finisher = FrameFinisher()
    private let receiver: Descriptor
    /// The number of the frame that is sent next.
    private(set) var next = 0

    init() throws {
        veth = try Veth()
        sender = try PacketSender(name: "a")
        receiver = Descriptor(owning: clinux_packet_open(veth.b))
        try veth.awaitCarrier()
        try sender.attach(to: (veth.a, "a", 1500))
        sender.update(isUp: true, mtu: 1500)
    }

    /// Sends frames past the queue: these arrive, and no others.
    func exchange(_ count: Int) throws {
        let first = next
        sender.passQueue(true)
        #expect(sender.passesQueue)
        add(count)
        sender.flush()
        #expect(try receive(count) == Array(first..<(first + count)))
    }

    func add(_ count: Int, flushingAt limit: Int = .max) {
        for _ in 0..<count {
            var frame = [UInt8](repeating: 0, count: 60)
            frame.replaceSubrange(0..<6, with: [2, 0, 0, 0, 0, 9])
            frame[12] = 0x88
            frame[13] = 0xb6
            withUnsafeBytes(of: UInt64(next)) { frame.replaceSubrange(20..<28, with: $0) }
            next += 1
            finisher.finish(frame.span, timestamp: 0, originalLength: 60, isOutgoing: false, flush: {}) { piece in
                sender.add(piece)
                // The frame's memory goes.
                if !sender.passesQueue || next % limit == 0 { sender.flush() }
            }
        }
    }

    /// The numbers of frames that have arrived; waits for so many, and takes all there are.
    func receive(_ count: Int = 0) throws -> [Int] {
        var numbers: [Int] = []
        while try receiver.waitReadable(milliseconds: numbers.count < count ? 1000 : 0) {
            // The socket tells that its interface was down meanwhile.
            guard let frame = try? receiver.read(upTo: 2048) else { continue }
            guard frame.count == 60, frame[12...13] == [0x88, 0xb6] else { continue }
            numbers.append(frame[20..<28].withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) })
        }
        return numbers
    }
}
