import Foundation
import Glibc
import LinuxSystem
import Synchronization
import Testing
import TestSupport

extension IntegrationTests {
    /// Numbers that are true: they add up, and they are those of the interfaces.
    @Suite("Numbers of a tap")
    struct TapNumbersTests {
        /// Frames of a size without the header, each with a number of its own.
        static func frames(_ count: Int, size: Int = 60, type: UInt16 = 0x88b6) -> [[UInt8]] {
            (0..<count).map { number in
                WireFrame.make(
                    to: CommandLab.mac(2), from: CommandLab.mac(1), type: type,
                    payload: WireFrame.big(UInt16(truncatingIfNeeded: number))
                        + [UInt8](repeating: 0x5a, count: max(0, size - 2)))
            }
        }

        @Test("What it received is what its port counted, and what it sent is what the output's other end counted")
        func exact() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                let tap = try lab.tap("-i", "p1", "-o", "m1", "-o", "m2")
                let source = try lab.counters(of: "p1")
                let before = try ["m1", "m2"].map { try lab.counters(of: $0, in: lab.taps).received }
                try FrameSender.send(Self.frames(700), through: "eth0", in: lab.host(1))
                try lab.ping(1, 2, count: 30)
                try Transfer.run(lab, from: 2, to: 1, bytes: 1_000_000)
                func counted() throws -> Int {
                    let now = try lab.counters(of: "p1")
                    return now.received - source.received + now.sent - source.sent
                }
                // The last word of TCP may be under way yet.
                try tap.awaitNumbers { try $0.received == counted() }
                let numbers = try tap.stop()
                #expect(try numbers.received == counted())
                #expect(numbers.sources.map(\.seen) == [numbers.received])
                #expect((numbers.lost, numbers.filtered, numbers.failed) == (0, 0, 0))
                #expect(numbers.received > 760)
                for (index, name) in ["m1", "m2"].enumerated() {
                    let arrived = try lab.counters(of: name, in: lab.taps).received - before[index]
                    #expect(numbers.outputs[index].sent == arrived)
                    #expect(numbers.copied == arrived)
                }
            }
        }

        @Test("What the selectors leave out is counted as filtered")
        func filtered() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1", "ether proto 0x88b6")
                try FrameSender.send(Self.frames(30) + Self.frames(20, type: 0x88b7), through: "eth0", in: lab.host(1))
                let numbers = try tap.stop()
                #expect((numbers.received, numbers.filtered, numbers.sent) == (30, 20, 30))
                #expect(numbers.sources.map(\.seen) == [50])
            }
        }

        @Test("Frames larger than the output's MTU fail as too big, and the others arrive")
        func tooBig() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.sh("ip link set eth0 mtu 9000", in: lab.host(1))
                try lab.sh("ip link set p1 mtu 9000")
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1")
                let witness = try lab.listen(in: lab.taps, on: "m1")
                let small = Self.frames(10, size: 1500)
                try FrameSender.send(small + Self.frames(7, size: 4000), through: "eth0", in: lab.host(1))
                let numbers = try tap.stop()
                #expect(numbers.outputs.map(\.reasons) == [["too-big": 7]])
                #expect((numbers.sent, numbers.lost) == (10, 0))
                #expect(try witness.finish(expecting: 10, sentinelThrough: "m1") == small)
            }
        }

        @Test("Frames for an output that is down, or whose other end is, or that is gone, fail as such")
        func outputDown() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                lab.recreatesPorts = true
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1")
                var sent = 0
                var arrived = 0
                func send(_ count: Int, reaches: Bool) throws {
                    let before = try reaches ? lab.counters(of: "m1", in: lab.taps).received : 0
                    try FrameSender.send(Self.frames(count), through: "eth0", in: lab.host(1))
                    sent += count
                    try tap.awaitNumbers { $0.copied == sent }
                    if reaches { arrived += try lab.counters(of: "m1", in: lab.taps).received - before }
                }
                try send(1, reaches: true)
                try lab.sh("ip link set m1 down")
                try tap.awaitWords("output m1 is down")
                try send(10, reaches: false)
                try lab.sh("ip link set m1 up")
                try tap.awaitWords("output m1 is up again")
                try send(2, reaches: true)
                try lab.sh("ip link set m1 down", in: lab.taps)
                try tap.awaitWords("output m1 has no carrier")
                try send(20, reaches: false)
                try lab.sh("ip link set m1 up", in: lab.taps)
                try tap.awaitWords("output m1 is up again", count: 2)
                try send(3, reaches: true)
                try lab.sh("ip link delete m1")
                try tap.awaitWords("output m1 has gone")
                try send(40, reaches: false)
                let numbers = try tap.stop()
                #expect((numbers.received, numbers.sent, arrived) == (76, 6, 6))
                #expect(numbers.outputs.map(\.reasons) == [["output-down": 70]])
                try lab.sh("ip \(lab.standAloneLink("m1")); ip link set m1 up")
                try lab.sh("ip link set m1 up", in: lab.taps)
                try lab.awaitUp("m1")
            }
        }

        @Test("What the kernel drops while the tap stands still is counted to the frame")
        func kernelDrops() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1", "--ring", "1M")
                let source = try lab.counters(of: "p1").received
                let output = try lab.counters(of: "m1", in: lab.taps).received
                tap.program.signal(SIGSTOP)
                try FrameSender.send(Self.frames(3000, size: 1400), through: "eth0", in: lab.host(1))
                tap.program.signal(SIGCONT)
                let numbers = try tap.stop()
                #expect(numbers.received == 3000)
                #expect(try lab.counters(of: "p1").received - source == 3000)
                #expect(numbers.lost > 0)
                #expect(numbers.sent == 3000 - numbers.lost)
                #expect(numbers.sent > 300)
                #expect(try lab.counters(of: "m1", in: lab.taps).received - output == numbers.sent)
            }
        }

        @Test("Numbers add up when it is ended in the middle of traffic", arguments: [SIGTERM, SIGINT, SIGQUIT])
        func endedUnderLoad(signal: Int32) throws {
            try withCommandLab(hosts: 2, alone: ["m1"]) { lab in
                let (source, output) = (try lab.counters(of: "p1"), try lab.counters(of: "m1", in: lab.taps))
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1")
                let host = lab.host(1)
                let isEnough = Flag()
                // As long as the tap runs, without a pause.
                let flood = try OwnThread.start {
                    let frames = Array(repeating: Self.frames(1)[0], count: 100_000)
                    var count = 0
                    while !isEnough.isSet {
                        try FrameSender.send(frames, through: "eth0", in: host)
                        count += frames.count
                    }
                    return count
                }
                defer { isEnough.set() }
                try tap.awaitNumbers { $0.received > 2000 }
                tap.program.signal(signal)
                // Looks, too, whether they add up.
                let numbers = try tap.awaitEnd(seconds: 60)
                isEnough.set()
                let sent = try flood.wait()
                #expect(numbers.received <= sent)
                #expect(try lab.counters(of: "p1").received - source.received == sent)
                #expect(numbers.sent == numbers.received - numbers.lost)
                #expect(try lab.counters(of: "m1", in: lab.taps).received - output.received == numbers.sent)
            }
        }

        @Test("SIGUSR1 is answered with the numbers so far, by lines for people without --json")
        func askedFor() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.remember()
                let tap = try lab.tap(inWords: "-i", "p1:ingress", "-o", "m1", "--through-queue")
                try FrameSender.send(Self.frames(12), through: "eth0", in: lab.host(1))
                let expected =
                    "p1: received 12 frames, lost 0\ncopied: 12 frames\nm1: sent 12 frames, 888 B, failed 0; "
                    + "through the queue: --through-queue\n"
                let told = Deadline.poll(seconds: 20) { () -> Bool? in
                    tap.signal(SIGUSR1)
                    return tap.error.contains("received 12 frames") && tap.error.contains("sent 12 frames") ? true : nil
                }
                #expect(told == true, "\(tap.error)")
                tap.signal(SIGINT)
                #expect(tap.wait(seconds: 20) == 0)
                #expect(tap.error.hasSuffix(expected), "\(tap.error)")
                #expect(tap.output == "")
            }
        }

        @Test("With --status-interval numbers come by themselves; with -q none come at the end")
        func interval() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1", "--status-interval", "1s")
                try FrameSender.send(Self.frames(5), through: "eth0", in: lab.host(1))
                // The first ones are the answer to the fixture.
                let told = try Deadline.poll(seconds: 20) {
                    let told = try tap.told
                    return told.count >= 3 && told.last?.received == 5 ? told : nil
                }
                #expect(told?.last?.imbalance(spreads: false) == nil)
                #expect(try tap.stop().sent == 5)
                let quiet = try lab.tap(inWords: "-i", "p1:ingress", "-o", "m1", "-q")
                try FrameSender.send(Self.frames(5), through: "eth0", in: lab.host(1))
                quiet.signal(SIGTERM)
                #expect(quiet.wait(seconds: 20) == 0)
                #expect((quiet.output, quiet.error) == ("", ""))
            }
        }
    }
}

extension CommandLab {
    /// Starts `portmirror tap` that tells its numbers to people.
    func tap(inWords arguments: String...) throws -> BackgroundProgram {
        try tap(with: arguments, isJSON: false).program
    }
}

/// Something that one thread tells another.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
