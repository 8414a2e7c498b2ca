import Foundation
import Glibc
import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 9: a tap changes nothing of anybody, not even while it runs, and leaves nothing.
    @Suite("What a tap leaves untouched")
    struct TapTraceTests {
        /// Everything of a namespace's ports but how many ask for all frames.
        private static func settings(_ snapshot: CommandSnapshot) -> [String: String] {
            snapshot.sections.mapValues {
                $0.replacingOccurrences(
                    of: "\"(promiscuity|allmulti)\":[0-9]+,?|\"PROMISC\",?", with: "", options: .regularExpression)
            }
        }

        private static func promiscuity(_ lab: CommandLab, _ name: String) throws -> Int {
            struct Link: Decodable { let promiscuity: Int }
            let text = try lab.sh("ip -j -d link show dev \(name)").output
            return try JSONDecoder().decode([Link].self, from: Data(text.utf8)).first?.promiscuity ?? -1
        }

        @Test(
            "Settings, filters and queues are as they were while it runs and after, however it ends",
            arguments: [SIGTERM, SIGINT, SIGQUIT, SIGKILL])
        func nothingChanges(signal: Int32) throws {
            try withCommandLab(alone: ["m1", "m2", "x1"]) { lab in
                try lab.sh("tc qdisc add dev m1 clsact; ethtool -K m2 tso off")
                try NeighbourTests.addCounter(lab, "m1", "egress", preference: 77)
                try lab.remember()
                let before = try lab.snapshot()
                let tap = try lab.tap("-i", "p1", "-i", "m2", "-o", "m1", "-o", "p3", sources: 2)
                try Transfer.run(lab, from: 1, to: 2, bytes: 2_000_000)
                #expect(Self.settings(before) == Self.settings(try lab.snapshot()))
                tap.program.signal(signal)
                #expect(tap.program.wait(seconds: 20) == (signal == SIGKILL ? 128 + SIGKILL : 0))
                #expect(before.differences(to: try lab.snapshot()) == "")
                // The socket of one that was killed goes with the next look.
                #expect(try lab.portmirror(["list"]).output == "")
                #expect(lab.files(in: lab.runDirectory).filter { $0 != "lock" && $0 != "taps/.lock" } == [])
            }
        }

        @Test("The port lets everything through while it is watched, and no longer; --no-promiscuous asks for nothing")
        func promiscuous() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                #expect(try Self.promiscuity(lab, "m2") == 0)
                for signal in [SIGTERM, SIGKILL] {
                    let tap = try lab.tap("-i", "m2", "-o", "m1", "--user", "nobody")
                    _ = Deadline.poll(seconds: 10) { try? Self.promiscuity(lab, "m2") == 1 ? true : nil }
                    #expect(try Self.promiscuity(lab, "m2") == 1)
                    #expect(try Self.promiscuity(lab, "m1") == 0)
                    tap.program.signal(signal)
                    #expect(tap.program.wait(seconds: 20) != nil)
                    #expect(try Self.promiscuity(lab, "m2") == 0)
                }
                let tap = try lab.tap("-i", "m2", "-o", "m1", "--no-promiscuous")
                #expect(try Self.promiscuity(lab, "m2") == 0)
                #expect(try tap.stop().copied == 0)
            }
        }

        @Test("Somebody else's filters and captures on the output see the copies")
        func seenByOthers() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1")
                let file = lab.path("sent.pcap")
                let other = try lab.start(
                    [
                        "tcpdump", "-i", "m1", "-Q", "out", "-n", "-p", "-Z", "root", "--immediate-mode", "-U", "-w",
                        file,
                    ])
                try other.waitForError(containing: "listening on")
                let frames = TapNumbersTests.frames(20)
                try FrameSender.send(frames, through: "eth0", in: lab.host(1))
                #expect(try tap.stop().sent == 20)
                let seen = Deadline.poll(seconds: 10) {
                    CapturedFrames(TextFile.bytes(file) ?? []).frames == frames ? true : nil
                }
                #expect(seen == true)
                other.signal(SIGINT)
                #expect(other.wait(seconds: 10) == 0)
            }
        }
    }
}
