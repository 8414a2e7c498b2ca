import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// What mirrors are made for: a sensor that finds in the copies what it would find on the wire.
    @Suite("What a sensor makes of the copies", .needs(.tool("tshark"), .tool("python3")))
    struct ReceiverTests {
        /// What a sensor makes of the copies of the traffic, whose capture `finish` completes.
        private static func verdict(_ lab: CommandLab, finish: () throws -> String) throws -> SensorVerdict {
            let receiver = try lab.listen(
                in: lab.host(1), direction: "inout", snaplen: 65536, buffer: 65536, immediate: false)
            try SensorTraffic.run(lab)
            try receiver.stop()
            var verdict = try lab.sensorVerdict(try finish())
            // What never came to the receiver (a busy switch in user space loses frames) is no fault of the copies.
            if verdict.gaps > 0 { verdict.gaps -= min(verdict.gaps, try lab.sensorVerdict(receiver.file).gaps) }
            return verdict
        }

        /// The same for copies that a mirror, by `arguments` of `add`, or a tap brings to host 3.
        private static func atSensor(
            _ lab: CommandLab, mirror arguments: [String]? = nil, tap options: [String]? = nil
        ) throws -> SensorVerdict {
            if let arguments { try lab.mirror(with: ["add", "ids", "--from", "p1", "--to", "p3"] + arguments) }
            let tap = try options.map { try lab.tap(with: ["-i", "p1", "-o", "p3"] + $0) }
            let witness = try lab.listen(in: lab.host(3), snaplen: 65536, buffer: 65536, immediate: false)
            return try verdict(lab) {
                try lab.openVSwitch?.settle()
                _ = try tap?.stop()
                try witness.awaitSentinels(through: "p3")
                try witness.stop()
                return witness.file
            }
        }

        @Test("Through traffic control: every path, end and name, no bad checksum, nothing truncated, no gap")
        func trafficControl() throws {
            try withCommandLab { lab in
                let verdict = try Self.atSensor(lab, mirror: ["--engine", "tc"])
                #expect(verdict == .complete, "\(verdict)")
            }
        }

        @Test("Through Open vSwitch: the same", .needs(.openVSwitch))
        func openVSwitch() throws {
            try withOpenVSwitchLab { lab, _ in
                // As a VM whose network card cuts and completes for itself: the switch in user space doesn't.
                for host in 1...2 { try lab.sh("ethtool -K eth0 tx off tso off gso off", in: lab.host(host)) }
                let verdict = try Self.atSensor(lab, mirror: ["--engine", "ovs", "--reserve-output"])
                #expect(verdict == .complete, "\(verdict)")
            }
        }

        @Test("Through a tap, past the output's queue and through it: the same", arguments: [[], ["--through-queue"]])
        func tap(options: [String]) throws {
            try withCommandLab { lab in
                let verdict = try Self.atSensor(lab, tap: options)
                #expect(verdict == .complete, "\(verdict)")
            }
        }

        @Test("In files of either format: the same", arguments: ["pcapng", "pcap"])
        func files(format: String) throws {
            try withCommandLab { lab in
                let tap = try lab.tap(
                    with: ["-i", "p1", "-o", "files:\(lab.path("files"))", "--format", format, "--name", "copies"])
                let verdict = try Self.verdict(lab) {
                    _ = try tap.stop()
                    return lab.path("files/copies.\(format)")
                }
                #expect(verdict == .complete, "\(verdict)")
            }
        }

        @Test("With --keep-offloads a sensor finds faults: without that the tests above would prove nothing")
        func keepOffloads() throws {
            try withCommandLab { lab in
                let verdict = try Self.atSensor(lab, mirror: ["--keep-offloads"])
                #expect(verdict.badChecksums + verdict.truncated + verdict.gaps > 0, "\(verdict)")
            }
            try withCommandLab { lab in
                let verdict = try Self.atSensor(lab, tap: ["--keep-offloads"])
                #expect(verdict.badChecksums + verdict.truncated + verdict.gaps > 0, "\(verdict)")
            }
        }

        @Test("Frames that are missing in the copies are found to be missing")
        func gap() throws {
            try withCommandLab { lab in
                let verdict = try Self.atSensor(lab, mirror: ["--sample", "2"])
                #expect(verdict.gaps > 0, "\(verdict)")
            }
        }
    }
}
