import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// Mirrors on a real Open vSwitch, with ovs-vsctl and tcpdump as witnesses.
    @Suite("Mirrors on Open vSwitch", .needs(.openVSwitch))
    struct OpenVSwitchMirrorTests {
        /// The row of our mirror, as ovs-vsctl has it: ports by name.
        static func row(_ name: String, _ openVSwitch: OpenVSwitch) throws -> [String: String] {
            let columns = [
                "select_all", "select_src_port", "select_dst_port", "select_vlan", "snaplen", "output_port",
                "output_vlan",
            ]
            var names: [String: String] = [:]
            for line in try openVSwitch.vsctl("--format=csv --no-headings --columns=_uuid,name list Port")
                .split(separator: "\n")
            {
                let parts = line.split(separator: ",").map(String.init)
                if parts.count == 2 { names[parts[0]] = parts[1] }
            }
            var row: [String: String] = [:]
            for column in columns {
                var text = try openVSwitch.vsctl("get Mirror \(name) \(column)")
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                for (id, port) in names { text = text.replacingOccurrences(of: id, with: port) }
                let items = text.trimmingCharacters(in: CharacterSet(charactersIn: "[]")).components(separatedBy: ", ")
                row[column] = items.sorted().joined(separator: ",")
            }
            return row
        }

        @Test(
            "Ten pings give ten copies a direction, and none of the other",
            arguments: [("ingress", 10, 0), ("egress", 0, 10), ("both", 10, 10)])
        func direction(word: String, requests: Int, replies: Int) throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1:\(word)", "--to", "p3", "--reserve-output")
                let row = try Self.row("ids", openVSwitch)
                #expect(row["select_src_port"] == (replies == 0 || requests > 0 ? "p1" : ""))
                #expect(row["select_dst_port"] == (replies > 0 ? "p1" : ""))
                #expect(row["output_port"] == "p3")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                let seen = DirectionTests.echoes(
                    try witness.finish(expecting: requests + replies, sentinelThrough: "p3"))
                #expect(seen == (requests, replies, 0))
                let shown = try lab.show("ids")
                #expect(shown.state == "active" && shown.engine == "ovs")
            }
        }

        @Test("A whole bridge, with VLANs and cut copies, is one row; its output is left out")
        func bridge() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror(
                    "add", "all", "--from-bridge", "br0", "--to", "p3", "--vlan", "0,7-8", "--snaplen", "60",
                    "--reserve-output")
                #expect(
                    try Self.row("all", openVSwitch) == [
                        "select_all": "true", "select_src_port": "", "select_dst_port": "", "select_vlan": "0,7,8",
                        "snaplen": "60", "output_port": "p3", "output_vlan": "",
                    ])
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2, count: 5)
                let frames = try witness.finish(expecting: 10, sentinelThrough: "p3")
                #expect(frames.count == 10)
                #expect(frames.allSatisfy { $0.count == 60 })
            }
        }

        @Test("Two outputs are two rows, and each gets every copy once")
        func twoOutputs() throws {
            try withOpenVSwitchLab(hosts: 4) { lab, openVSwitch in
                try lab.mirror("add", "two", "--from", "p1,p2", "--to", "p3,p4", "--reserve-output")
                #expect(try openVSwitch.vsctl("--columns=name list Mirror").components(separatedBy: "two").count == 3)
                let first = try lab.listen(at: 3)
                let second = try lab.listen(at: 4)
                try lab.ping(1, 2)
                // Both ports see each frame: it is copied once all the same.
                #expect(
                    DirectionTests.echoes(try first.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                #expect(
                    DirectionTests.echoes(try second.finish(expecting: 20, sentinelThrough: "p4")) == (10, 10, 0))
            }
        }

        @Test("explain's commands, run by a shell, make the same row")
        func explanation() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror(
                    "add", "ids", "--from", "p1,p2:ingress", "--to", "p3", "--snaplen", "100", "--keep-offloads",
                    "--reserve-output")
                let made = try Self.row("ids", openVSwitch)
                let script = try lab.mirror("explain", "ids").output
                try lab.mirror("remove", "ids")
                #expect(try openVSwitch.vsctl("list Mirror") == "")
                try openVSwitch.run(["sh", "-e", "-c", script])
                #expect(try Self.row("ids", openVSwitch) == made)
                // It bears the mark, so it is a mirror without a definition now, and goes as one.
                let outcome = try lab.portmirror(["remove", "ids"])
                #expect(outcome.succeeded)
                #expect(try openVSwitch.vsctl("list Mirror") == "")
            }
        }

        @Test("A VLAN as output is flooded while the mirror is there, and not after")
        func vlanOutput() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                let outcome = try lab.portmirror(["add", "far", "--from", "p1:ingress", "--to", "vlan:12@br0"])
                #expect(outcome.succeeded && outcome.error.contains("Learning has to be off for VLAN 12"))
                #expect(try openVSwitch.vsctl("get Bridge br0 flood_vlans").hasPrefix("[12]"))
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                // Broadcasts of before, such as ARP's, come to p3 as well; copies bear the tag.
                let frames = try witness.finish(expecting: 10, sentinelThrough: "p3").filter {
                    $0[12] == 0x81 && $0[13] == 0
                }
                #expect(frames.count == 10, "\(frames.count)")
                #expect(frames.allSatisfy { $0[14] & 0x0f == 0 && $0[15] == 12 })
                try lab.mirror("remove", "far")
                #expect(try openVSwitch.vsctl("get Bridge br0 flood_vlans").hasPrefix("[]"))
            }
        }

        @Test("A VLAN that is flooded already, or that somebody else needs by then, stays flooded")
        func vlanOfOthers() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl("add Bridge br0 flood_vlans 5")
                try lab.remember()
                for vlan in ["5", "6"] {
                    let outcome = try lab.portmirror(["add", "v\(vlan)", "--from", "p1", "--to", "vlan:\(vlan)@br0"])
                    #expect(outcome.succeeded)
                }
                try openVSwitch.vsctl(
                    "-- --id=@m create Mirror name=theirs select_all=true output_vlan=6 -- add Bridge br0 mirrors @m")
                try lab.mirror("remove", "--all")
                #expect(try openVSwitch.vsctl("get Bridge br0 flood_vlans").hasPrefix("[5, 6]"))
                try openVSwitch.vsctl("clear Bridge br0 mirrors -- remove Bridge br0 flood_vlans 6")
            }
        }

        @Test("Two mirrors into one VLAN may go in either order", arguments: [["a", "b"], ["b", "a"]])
        func sharedVLAN(order: [String]) throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                for (name, port) in [("a", "p1"), ("b", "p2")] {
                    let outcome = try lab.portmirror(["add", name, "--from", port, "--to", "vlan:12@br0"])
                    // One destination for both would get one copy: the second is refused, since tc can't send there.
                    #expect(outcome.succeeded == (name == "a"))
                    if name == "b" { #expect(outcome.error.contains("vlan:12@br0 is the output of mirror a already")) }
                }
                for name in order { _ = try lab.portmirror(["remove", name]) }
                #expect(try openVSwitch.vsctl("get Bridge br0 flood_vlans").hasPrefix("[]"))
            }
        }

        @Test("Flows that are set up already follow at once, when a mirror comes and when it goes")
        func establishedFlows() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.ping(1, 2)
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2, count: 5)
                #expect(DirectionTests.echoes(try witness.finish(expecting: 10, sentinelThrough: "p3")) == (5, 5, 0))
                try lab.mirror("remove", "ids")
                let after = try lab.listen(at: 3)
                try lab.ping(1, 2, count: 5)
                #expect(DirectionTests.echoes(try after.finish(expecting: 0, sentinelThrough: "p3")).requests == 0)
            }
        }

        @Test("What was selected is what was delivered and what failed, with the output up and down")
        func counters() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                try lab.ping(1, 2)
                try lab.sh("ip link set p3 down")
                try lab.ping(1, 2, count: 5)
                // The interval at which Open vSwitch counts is five seconds; this waits for two of its reports.
                let shown = try #require(
                    Deadline.poll(seconds: 20) {
                        let shown = try? lab.show("ids")
                        return shown?.counters.selected.packets == 30 ? shown : nil
                    })
                #expect(shown.counters.delivered.packets == 20)
                #expect(shown.counters.failed.packets == 10)
                #expect(shown.state == "degraded" && shown.reason.contains("output p3 is down"))
                try lab.sh("ip link set p3 up")
            }
        }
    }
}
