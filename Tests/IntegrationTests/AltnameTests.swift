import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// A port goes by its interface's name and by any of its altnames (`ip link property`).
    @Suite("Altnames")
    struct AltnameTests {
        private static let long = "vm-alice-net0-with-a-name-of-more-than-15-bytes"

        private func name(_ lab: CommandLab) throws {
            try lab.sh(
                "ip link property add dev m1 altname \(Self.long); ip link property add dev p3 altname sensor")
        }

        private func rename(_ lab: CommandLab, _ old: String, _ new: String) throws {
            try lab.sh("ip link set \(old) down; ip link set \(old) name \(new); ip link set \(new) up")
            try lab.awaitUp(new)
        }

        /// From what is behind the port, whatever its name is.
        private func expectCopies(
            _ lab: CommandLab, _ numbers: Range<Int>, sentinelThrough port: String = "p3"
        ) throws {
            let witness = try lab.listen(at: 3)
            try lab.send(numbers, through: "m1")
            let frames = try witness.finish(expecting: numbers.count, sentinelThrough: port)
            #expect(frames.compactMap(NumberedFrame.number) == Array(numbers))
        }

        @Test("A mirror by altnames copies, outlives a rename, and is shown as it was written") func mirror() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try name(lab)
                try lab.mirror("add", "ids", "--from", "\(Self.long):ingress", "--to", "sensor")
                try expectCopies(lab, 0..<5)
                let file = try #require(TextFile.read("\(lab.configDirectory)/ids.yaml"))
                #expect(file.contains(Self.long) && file.contains("sensor"))

                try rename(lab, "m1", "n1")
                #expect(try lab.state("ids").state == "active")
                #expect(try lab.mirror("apply").output == "nothing to change\n")
                try expectCopies(lab, 5..<10)
                let shown = try lab.mirror("show", "ids").output
                #expect(shown.contains("from: \(Self.long) (n1) ingress, up\n"), "\(shown)")
                #expect(shown.contains("to: sensor (p3), up\n"), "\(shown)")
                #expect(shown.contains("n1 ingress -> p3  10 selected  10 delivered  0 failed"), "\(shown)")
                let ports = try lab.mirror("ports").output.split(separator: "\n")
                #expect(ports.contains { $0.hasPrefix("n1") && $0.contains("altname \(Self.long); source of ids") })
                #expect(try lab.mirror("ports", "--json").output.contains("\"\(Self.long)\""))
                // By hand it is the interface's own name.
                #expect(try lab.mirror("explain", "ids").output.contains("tc filter add dev n1 ingress"))
                try rename(lab, "n1", "m1")
            }
        }

        @Test("A port that is made anew under another name is found by its altname") func madeAnew() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                lab.recreatesPorts = true
                try name(lab)
                try lab.rememberAnew()
                try lab.sh("ip link property del dev p3 altname sensor")
                #expect(try lab.portmirror(["add", "wait", "--from", "p1:ingress", "--to", "sensor"]).status == 0)
                #expect(try lab.state("wait").state == "waiting")
                try lab.sh("ip link property add dev p3 altname sensor")
                try lab.mirror("apply")
                #expect(try lab.state("wait").state == "active")
                try lab.mirror("add", "ids", "--from", "\(Self.long):ingress", "--to", "sensor")
                try lab.sh("ip link del m1")
                try lab.recreate("m1")
                try rename(lab, "m1", "n1")
                #expect(try lab.state("ids").state == "waiting")
                try lab.sh("ip link property add dev n1 altname \(Self.long)")
                try lab.mirror("apply")
                #expect(try lab.state("ids").state == "active")
                try expectCopies(lab, 0..<5)
                try rename(lab, "n1", "m1")
            }
        }

        @Test("An output that is renamed gets its settings back") func renamedOutput() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try name(lab)
                try lab.mirror("add", "ids", "--from", "m1:ingress", "--to", "sensor", "--reserve-output")
                try rename(lab, "p3", "q3")
                _ = try lab.portmirror(["apply"])
                #expect(try lab.state("ids").state == "active")
                try expectCopies(lab, 0..<5, sentinelThrough: "q3")
                // What was changed on it is compared with the beginning once everything is removed.
                try lab.mirror("remove", "ids")
                try rename(lab, "q3", "p3")
            }
        }

        @Test("On Open vSwitch a port is found by its interface's altname", .needs(.openVSwitch))
        func openVSwitch() throws {
            try withOpenVSwitchLab { lab, _ in
                try lab.sh(
                    "ip link property add dev p1 altname \(Self.long); ip link property add dev p3 altname sensor")
                try lab.mirror("add", "ids", "--from", "\(Self.long):ingress", "--to", "sensor")
                #expect(try lab.state("ids").engine == "ovs")
                #expect(try lab.state("ids").state == "active")
                #expect(try lab.mirror("apply").output == "nothing to change\n")
                #expect(try lab.mirror("show", "ids").output.contains("from: \(Self.long) (p1) ingress, up\n"))
            }
        }

        @Test("One port by two names is refused as given twice") func twice() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try name(lab)
                let source = try lab.portmirror(["add", "x", "--from", "m1,\(Self.long)", "--to", "p3"])
                #expect(source.status == 1 && source.error.contains("source m1 is given twice"), "\(source)")
                let output = try lab.portmirror(["add", "x", "--from", "m1", "--to", "sensor,p3"])
                #expect(output.status == 1 && output.error.contains("output p3 is given twice"), "\(output)")
                let both = try lab.portmirror(["add", "x", "--from", Self.long, "--to", "m1"])
                #expect(both.status == 1 && both.error.contains("m1 can't be both source and output"), "\(both)")
                #expect(lab.files(in: lab.configDirectory) == [])
            }
        }

        @Test("tap and run take altnames, and follow the port through a rename") func tap() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try name(lab)
                let tap = try CopyingProgram(lab, ["tap", "-i", "\(Self.long):ingress", "-o", "sensor", "--json"])
                try expectCopies(lab, 0..<5)
                try rename(lab, "m1", "n1")
                // News of the port come before its frames do: the program is asked once more.
                _ = try tap.tell()
                try expectCopies(lab, 5..<10)
                #expect(
                    tap.program.error.contains(Self.long) && !tap.program.error.contains("n1"), "\(tap.program.error)")
                try rename(lab, "n1", "m1")
                _ = try tap.finish()
            }
        }
    }
}
