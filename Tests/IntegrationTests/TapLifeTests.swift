import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// Interfaces go down, vanish, come back and change names; a tap says so and goes on, and its numbers stay exact.
    @Suite("A tap through the life of interfaces")
    struct TapLifeTests {
        /// A tap from m2 to m1, and what has been sent through it so far.
        private final class Course {
            let lab: CommandLab
            let tap: TapProgram
            private(set) var copied = 0
            private var next = 0

            init(_ lab: CommandLab, _ tap: TapProgram) {
                self.lab = lab
                self.tap = tap
            }

            /// Sends frames into the source's other end; they are to be copied.
            func send(_ count: Int, through port: String = "m2") throws {
                try FrameSender.send(make(count), through: port, in: lab.taps)
                copied += count
                try tap.awaitNumbers { $0.copied == copied }
            }

            /// Sends frames that are heard by nobody.
            func sendUnheard(_ count: Int, through port: String) throws {
                try FrameSender.send(make(count), through: port, in: lab.taps)
            }

            private func make(_ count: Int) -> [[UInt8]] {
                next += count
                return Array(TapNumbersTests.frames(next).suffix(count))
            }
        }

        private static func withCourse(_ options: [String] = [], _ body: (Course) throws -> Void) throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                lab.recreatesPorts = true
                let tap = try lab.tap(with: ["-i", "m2", "-o", "m1"] + options)
                try body(Course(lab, tap))
            }
        }

        private static func makeAnew(_ lab: CommandLab, _ name: String) throws {
            try lab.sh("ip \(lab.standAloneLink(name)); ip link set \(name) up")
            try lab.sh("ip link set \(name) up", in: lab.taps)
            try lab.awaitUp(name)
            try lab.awaitUp(name, in: lab.taps)
        }

        @Test("A source that goes down and comes up again is copied again", arguments: [[], ["--user", "nobody"]])
        func sourceDown(options: [String]) throws {
            try Self.withCourse(options) { course in
                try course.send(3)
                for round in 1...3 {
                    try course.lab.sh("ip link set m2 down")
                    try course.tap.awaitWords("m2 is down; copying goes on once it is up", count: round)
                    try course.lab.sh("ip link set m2 up")
                    try course.tap.awaitWords("m2 is up again", count: round)
                    try course.lab.awaitUp("m2", in: course.lab.taps)
                    try course.send(5)
                }
                let numbers = try course.tap.stop()
                #expect((numbers.received, numbers.sent, numbers.failed) == (18, 18, 0))
                #expect(numbers.sources.map(\.seen) == [18])
            }
        }

        @Test("A source that is deleted and made anew is copied again", arguments: [[], ["--user", "nobody"]])
        func sourceMadeAnew(options: [String]) throws {
            try Self.withCourse(options) { course in
                try course.send(3)
                for round in 1...2 {
                    try course.lab.sh("ip link delete m2")
                    try course.tap.awaitWords("m2 has gone; copying goes on once it is back", count: round)
                    try Self.makeAnew(course.lab, "m2")
                    try course.tap.awaitWords("m2 is ", count: round)
                    try course.tap.awaitHearing(course.lab, "m2")
                    try course.send(5)
                }
                let numbers = try course.tap.stop()
                #expect((numbers.received, numbers.sent, numbers.failed) == (13, 13, 0))
            }
        }

        @Test("A source that gets another name is no longer copied, until one has the name again")
        func sourceRenamed() throws {
            try Self.withCourse { course in
                try course.send(3)
                try course.lab.sh("ip link set m2 down; ip link set m2 name other; ip link set other up")
                try course.tap.awaitWords("m2 has gone")
                try course.lab.awaitUp("m2", in: course.lab.taps)
                try course.sendUnheard(4, through: "m2")
                try course.lab.sh("ip link set other down; ip link set other name m2; ip link set m2 up")
                try course.tap.awaitHearing(course.lab, "m2")
                try course.lab.awaitUp("m2", in: course.lab.taps)
                try course.send(5)
                let numbers = try course.tap.stop()
                #expect((numbers.received, numbers.sent) == (8, 8))
            }
        }

        @Test("An output that goes down, is deleted and made anew, or renamed: its losses are counted, and it goes on")
        func output() throws {
            try Self.withCourse(["--user", "nobody"]) { course in
                let lab = course.lab
                try course.send(2)
                try lab.sh("ip link set m1 down")
                try course.tap.awaitWords("output m1 is down; its copies are lost until that changes")
                try course.send(10)
                try lab.sh("ip link set m1 up")
                try course.tap.awaitWords("output m1 is up again")
                try course.send(2)
                try lab.sh("ip link delete m1")
                try course.tap.awaitWords("output m1 has gone; its copies are lost until it is back")
                try course.send(20)
                try Self.makeAnew(lab, "m1")
                try course.tap.awaitWords("output m1 is back", orWords: "output m1 is up again", after: 1)
                let before = try lab.counters(of: "m1", in: lab.taps).received
                try course.send(2)
                #expect(try lab.counters(of: "m1", in: lab.taps).received == before + 2)
                try lab.sh("ip link set m1 down; ip link set m1 name other; ip link set other up")
                try course.tap.awaitWords("output m1 has gone", count: 2)
                try lab.awaitUp("other")
                try course.send(40)
                #expect(try lab.counters(of: "m1", in: lab.taps).received == before + 2)
                try lab.sh("ip link set other down; ip link set other name m1; ip link set m1 up")
                try lab.awaitUp("m1")
                try course.tap.awaitWords("output m1 is back", orWords: "output m1 is up again", after: 2)
                try course.send(2)
                let numbers = try course.tap.stop()
                #expect((numbers.sent, numbers.failed) == (8, 70))
                #expect(numbers.outputs.map(\.reasons) == [["output-down": 70]])
            }
        }

        @Test("A port that joins a watched bridge later is copied, too, with no privileges left")
        func joins() throws {
            try withCommandLab(hosts: 2, alone: ["m1", "m2", "m3"]) { lab in
                let tap = try lab.tap("--from-bridge", "br0", "-o", "m1", "--user", "nobody", sources: 3)
                let witness = try lab.listenToTap(on: "m1")
                try lab.sh("ip link set m2 master br0")
                try tap.awaitWords("m2 has joined br0, and is copied, too")
                try tap.awaitHearing(lab, "m2")
                let frames = TapNumbersTests.frames(20)
                try FrameSender.send(Array(frames[..<8]), through: "m2", in: lab.taps)
                try tap.awaitNumbers { $0.copied == 8 }
                try FrameSender.send(Array(frames[8..<15]), through: "eth0", in: lab.host(1))
                try tap.awaitNumbers { $0.copied == 15 }
                // A port of no bridge isn't heard.
                try FrameSender.send(Array(frames[15...]), through: "m3", in: lab.taps)
                let numbers = try tap.stop()
                #expect((numbers.received, numbers.sent, numbers.failed) == (15, 15, 0))
                #expect(numbers.sources.first { $0.port == "m2" }?.received == 8)
                #expect(try witness.finish(expecting: 15, sentinelThrough: "m1") == Array(frames[..<15]))
                try lab.sh("ip link set m2 nomaster")
            }
        }

        @Test("With --wait a port that isn't there yet is copied once it is; without, that is an error")
        func waits() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                lab.recreatesPorts = true
                try lab.remember()
                try lab.sh("ip link delete m2")
                let refused = try lab.portmirror(["tap", "-i", "m2", "-o", "m1"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("m2"), "\(refused)")
                let tap = try lab.tap("-i", "m2", "-o", "m1", "--wait", "--user", "nobody", sources: 0)
                try tap.awaitWords("m2 isn't there yet; waiting for it")
                try Self.makeAnew(lab, "m2")
                try tap.awaitHearing(lab, "m2")
                try FrameSender.send(TapNumbersTests.frames(9), through: "m2", in: lab.taps)
                try tap.awaitNumbers { $0.copied == 9 }
                #expect(try tap.stop().sent == 9)
            }
        }
    }
}

extension TapProgram {
    /// Waits until it hears an interface of the switch.
    func awaitHearing(_ lab: CommandLab, _ name: String) throws {
        let index = try lab.sh("ip -o link show dev \(name)").output.prefix { $0 != ":" }
        guard Deadline.poll(seconds: 20, { self.bound.contains(Int(index) ?? -1) ? true : nil }) == true else {
            throw LabError("the tap doesn't hear \(name): \(program.error)")
        }
    }

    /// Waits until it has said one of two things more often than so many times.
    func awaitWords(_ one: String, orWords other: String, after count: Int) throws {
        let said = Deadline.poll(seconds: 20) {
            let text = self.program.error
            return text.components(separatedBy: one).count + text.components(separatedBy: other).count - 2 > count
                ? true : nil
        }
        if said == nil { throw LabError("the tap never said '\(one)': \(program.error)") }
    }
}
