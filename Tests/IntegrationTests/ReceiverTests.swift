import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// What mirrors are made for: a sensor that finds in the copies what it would find on the wire.
    @Suite("What a sensor makes of the copies", .needs(.tool("tshark"), .tool("python3")))
    struct ReceiverTests {
        /// The copies of the traffic, as a mirror by `arguments` of `add` brings them to host 3.
        private static func mirrored(_ lab: CommandLab, _ arguments: [String]) throws -> SensorVerdict {
            try lab.mirror(with: ["add", "ids", "--from", "p1", "--to", "p3"] + arguments)
            let witness = try lab.listen(in: lab.host(3), snaplen: 65536, buffer: 65536, immediate: false)
            try SensorTraffic.run(lab)
            try lab.openVSwitch?.settle()
            try witness.awaitSentinels(through: "p3")
            try witness.stop()
            return try lab.sensorVerdict(witness.file)
        }

        /// The same by a tap.
        private static func tapped(_ lab: CommandLab, _ options: [String]) throws -> SensorVerdict {
            let tap = try lab.tap(with: ["-i", "p1", "-o", "p3"] + options)
            let witness = try lab.listen(in: lab.host(3), snaplen: 65536, buffer: 65536, immediate: false)
            try SensorTraffic.run(lab)
            _ = try tap.stop()
            try witness.awaitSentinels(through: "p3")
            try witness.stop()
            return try lab.sensorVerdict(witness.file)
        }

        @Test("Through traffic control: every path, end and name, no bad checksum, nothing truncated, no gap")
        func trafficControl() throws {
            try withCommandLab { lab in
                let verdict = try Self.mirrored(lab, ["--engine", "tc"])
                #expect(verdict == .complete, "\(verdict)")
            }
        }

        @Test("Through Open vSwitch: the same", .needs(.openVSwitch))
        func openVSwitch() throws {
            try withOpenVSwitchLab { lab, _ in
                // As a VM whose network card cuts and completes for itself: the switch in user space doesn't.
                for host in 1...2 { try lab.sh("ethtool -K eth0 tx off tso off gso off", in: lab.host(host)) }
                let verdict = try Self.mirrored(lab, ["--engine", "ovs", "--reserve-output"])
                #expect(verdict == .complete, "\(verdict)")
            }
        }

        @Test("Through a tap, past the output's queue and through it: the same", arguments: [[], ["--through-queue"]])
        func tap(options: [String]) throws {
            try withCommandLab { lab in
                let verdict = try Self.tapped(lab, options)
                #expect(verdict == .complete, "\(verdict)")
            }
        }

        @Test("In files of either format: the same", arguments: ["pcapng", "pcap"])
        func files(format: String) throws {
            try withCommandLab { lab in
                let tap = try lab.tap(
                    with: ["-i", "p1", "-o", "files:\(lab.path("files"))", "--format", format, "--name", "copies"])
                try SensorTraffic.run(lab)
                _ = try tap.stop()
                let verdict = try lab.sensorVerdict(lab.path("files/copies.\(format)"))
                #expect(verdict == .complete, "\(verdict)")
            }
        }

        @Test("With --keep-offloads a sensor finds faults: without that the tests above would prove nothing")
        func keepOffloads() throws {
            try withCommandLab { lab in
                let verdict = try Self.mirrored(lab, ["--keep-offloads"])
                #expect(verdict.badChecksums + verdict.truncated + verdict.gaps > 0, "\(verdict)")
            }
            try withCommandLab { lab in
                let verdict = try Self.tapped(lab, ["--keep-offloads"])
                #expect(verdict.badChecksums + verdict.truncated + verdict.gaps > 0, "\(verdict)")
            }
        }

        @Test("Frames that are missing in the copies are found to be missing")
        func gap() throws {
            try withCommandLab { lab in
                let verdict = try Self.mirrored(lab, ["--sample", "2"])
                #expect(verdict.gaps > 0, "\(verdict)")
            }
        }
    }
}
