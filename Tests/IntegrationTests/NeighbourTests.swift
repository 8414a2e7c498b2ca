import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 9: what isn't ours stays, and keeps running.
    @Suite("Other people's qdiscs and filters")
    struct NeighbourTests {
        /// Packets that a filter of others has counted.
        static func packets(_ lab: CommandLab, _ port: String, _ hook: String, preference: Int) throws -> Int {
            let text = try lab.sh("tc -s -j filter show dev \(port) \(hook) pref \(preference)").output
            let filters = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]] ?? []
            for filter in filters {
                let options = filter["options"] as? [String: Any]
                let actions = options?["actions"] as? [[String: Any]] ?? []
                if let stats = actions.first?["stats"] as? [String: Any] { return stats["packets"] as? Int ?? -1 }
            }
            throw LabError("\(port) \(hook) has no filter of preference \(preference): \(text)")
        }

        /// A filter that counts every frame and hands it on.
        static func addCounter(_ lab: CommandLab, _ port: String, _ hook: String, preference: Int) throws {
            try lab.sh(
                "tc filter add dev \(port) \(hook) pref \(preference) protocol all u32 match u32 0 0 "
                    + "action mirred egress mirror dev x1 continue")
        }

        @Test("Filters of others before and after ours count every frame", arguments: ["ingress", "egress"])
        func filtersBesideOurs(hook: String) throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh("tc qdisc add dev p1 clsact")
                try Self.addCounter(lab, "p1", hook, preference: 1)
                try Self.addCounter(lab, "p1", hook, preference: 5000)
                func counted() throws -> [Int] {
                    try [1, 5000].map { try Self.packets(lab, "p1", hook, preference: $0) }
                }
                let before = try lab.snapshot()
                try lab.ping(1, 2)
                #expect(try counted() == [10, 10])
                _ = try lab.portmirror(["add", "ids", "--from", "p1:\(hook)", "--to", "p3"])
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 10, sentinelThrough: "p3").count == 10)
                #expect(try counted() == [20, 20])
                let during = try lab.snapshot()
                for title in ["p1 tc", "p2 tc", "x1 tc", "p1 offloads", "p1 link", "p1 bridge"] {
                    #expect(before.withoutOurs.sections[title] == during.withoutOurs.sections[title])
                }
                try lab.mirror("remove", "ids")
                try lab.ping(1, 2)
                #expect(try counted() == [30, 30])
            }
        }

        @Test("A filter of others that ends the walk before ours is warned of")
        func starved() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh(
                    """
                    tc qdisc add dev p1 clsact
                    tc filter add dev p1 ingress pref 1 protocol all u32 match u32 0 0 \
                    action mirred egress mirror dev x1 pass
                    """)
                let added = try lab.portmirror(["add", "ids", "--from", "p1:ingress", "--to", "p3"])
                #expect(added.status == 0)
                #expect(
                    added.error.contains("warning") && added.error.contains("it gets nothing from p1 ingress"))
                #expect(added.error.contains("u32") && added.error.contains("--engine tap"))
            }
        }

        @Test("An existing clsact qdisc is shared, and stays")
        func existingClsact() throws {
            try withCommandLab { lab in
                try lab.sh("tc qdisc add dev p1 clsact")
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                #expect(try !lab.sh("tc chain show dev p1 ingress").output.contains("20557"))
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 20, sentinelThrough: "p3").count == 20)
                try lab.mirror("remove", "ids")
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("clsact"))
            }
        }

        @Test("An existing plain ingress qdisc is shared by an ingress mirror, and stays with its filters")
        func plainIngressShared() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh("tc qdisc add dev p1 ingress")
                try Self.addCounter(lab, "p1", "ingress", preference: 50)
                _ = try lab.portmirror(["add", "ids", "--from", "p1:ingress", "--to", "p3"])
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(
                    DirectionTests.echoes(try witness.finish(expecting: 10, sentinelThrough: "p3")) == (10, 0, 0))
                #expect(try Self.packets(lab, "p1", "ingress", preference: 50) == 10)
                try lab.mirror("remove", "ids")
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("qdisc ingress"))
            }
        }

        @Test(
            "tc prints others' filters on a plain ingress qdisc while ours is there, and after, as it did before",
            arguments: ["parent ffff:", "ingress"])
        func plainIngressParent(word: String) throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh("tc qdisc add dev p1 handle ffff: ingress")
                try Self.addCounter(lab, "p1", word, preference: 50)
                func printed() throws -> [String] {
                    try ["", "ingress", "parent ffff:"].map { place in
                        try lab.sh("tc filter show dev p1 \(place)").output.split(separator: "\n")
                            .filter { $0.contains("pref 50") }.joined(separator: "\n")
                    }
                }
                let before = try printed()
                // What explain prints does the same, word for word.
                let mirror = "version: 1\nmirrors:\n  ids: {from: p1:ingress, to: p3}\n"
                let script = try lab.portmirror(["explain", "-f", "-"], input: mirror)
                #expect(script.output.contains("tc filter add dev p1 \(word) pref 256 "), "\(script)")
                let filters = script.output.split(separator: "\n").filter { $0.hasPrefix("tc filter ") }
                try lab.sh(filters.joined(separator: "\n"))
                #expect(try printed() == before)
                #expect(try lab.sh("tc filter show dev p1 ingress").output.contains("mirred"))
                try lab.sh("tc filter del dev p1 \(word) pref 256")
                #expect(try printed() == before)
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                #expect(try printed() == before)
                try lab.mirror("add", "web", "--from", "p1:ingress", "--to", "p2", "--filter", "icmp")
                try lab.mirror("remove", "ids")
                try lab.mirror("remove", "web")
                #expect(try printed() == before)
            }
        }

        @Test("Six hundred mirrors of one port find their places, and all copy")
        func sixHundred() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                var text = "version: 1\nmirrors:\n"
                for number in 0..<600 { text += "  m\(number): {from: 'p1:ingress', to: x1, engine: tc}\n" }
                try TextFile.write(text, to: lab.path("many.yaml"))
                let applied = try lab.portmirror(["apply", "-f", lab.path("many.yaml")], seconds: 60)
                #expect(applied.succeeded, "\(applied)")
                let shown = try lab.sh("tc filter show dev p1 ingress").output.split(separator: "\n")
                #expect(shown.filter { $0.contains("mirred") }.count == 600)
                try lab.ping(1, 2, count: 1)
                let all = try lab.list()
                #expect(all.count == 600 && all.allSatisfy { $0.counters.selected.packets == 1 })
                #expect(try lab.mirror("apply").output == "nothing to change\n")
                try lab.mirror("remove", "--all")
            }
        }

        @Test("What the output's queue has dropped is told, since it isn't counted as failed")
        func queueDrops() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.sh("tc qdisc add dev m1 root tbf rate 1mbit burst 10k latency 50ms")
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "m1")
                #expect(try !lab.mirror("show", "ids").output.contains("queue:"))
                try Transfer.run(lab, from: 1, to: 2, bytes: 2_000_000)
                let shown = try lab.mirror("show", "ids").output
                let line = try #require(
                    shown.split(separator: "\n").first { $0.contains("queue: the tbf qdisc of m1") })
                let dropped = line.split(separator: " ").compactMap { Int($0) }.first ?? 0
                #expect(dropped > 100, "\(line)")
                #expect(try lab.sh("tc -s qdisc show dev m1").output.contains("dropped \(dropped),"))
                #expect(
                    try lab.mirror("list").output.contains("ids: the tbf qdisc of m1 has dropped \(dropped) packets"))
            }
        }

        @Test("An egress mirror on a plain ingress qdisc is refused with the reason", arguments: ["egress", "both"])
        func plainIngressRefused(direction: String) throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh("tc qdisc add dev p1 ingress")
                try Self.addCounter(lab, "p1", "ingress", preference: 50)
                try lab.remember()
                let before = try lab.snapshot()
                let refused = try lab.portmirror(["add", "ids", "--from", "p1:\(direction)", "--to", "p3"])
                #expect(refused.status == 1)
                #expect(
                    refused.error.contains("p1 has a plain ingress qdisc") && refused.error.contains("--engine tap"))
                #expect(refused.error.contains("nothing was changed"))
                #expect(before.differences(to: try lab.snapshot()) == "")
                #expect(lab.files(in: lab.configDirectory) == [])
            }
        }

        @Test("A plain ingress qdisc that appears under a running egress mirror's port is reported by show")
        func plainIngressAppears() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:egress", "--to", "p3")
                try lab.sh("tc qdisc del dev p1 clsact; tc qdisc add dev p1 ingress")
                let shown = try lab.show("ids")
                #expect(shown.state == "failed")
                #expect(shown.reason.contains("plain ingress qdisc"))
                let applied = try lab.portmirror(["apply"])
                #expect(applied.status == 1)
                #expect(applied.error.contains("plain ingress qdisc"))
                try lab.sh("tc qdisc del dev p1 ingress")
                #expect(try lab.portmirror(["apply"]).status == 0)
                #expect(try lab.show("ids").state == "active")
            }
        }

        @Test("A user's htb root qdisc stays with its classes and filters, and shapes on")
        func htb() throws {
            try withCommandLab { lab in
                try lab.sh(
                    """
                    tc qdisc add dev p1 root handle 1: htb default 10
                    tc class add dev p1 parent 1: classid 1:10 htb rate 100mbit
                    tc class add dev p1 parent 1: classid 1:20 htb rate 10mbit
                    tc filter add dev p1 parent 1: pref 7 protocol ip u32 match ip dst 10.0.0.1/32 flowid 1:20
                    """)
                try lab.remember()
                let before = try lab.snapshot()
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                #expect(before.withoutOurs.sections["p1 tc"] != nil)
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(
                    DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                let classes = try lab.sh("tc -s class show dev p1 classid 1:20").output
                #expect(classes.contains(" 10 pkt"))
                let qdiscs = try lab.sh("tc qdisc show dev p1").output
                #expect(qdiscs.contains("htb 1: root"))
                #expect(qdiscs.contains("clsact"))
            }
        }

        @Test("The default noqueue of a port stays")
        func noqueue() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("noqueue 0: root"))
            }
        }

        @Test("A clsact of ours that others use by now stays with their filter, without our mark")
        func disown() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                try Self.addCounter(lab, "p1", "egress", preference: 5000)
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 20, sentinelThrough: "p3").count == 20)
                #expect(try lab.sh("tc chain show dev p1 ingress").output.contains("20557"))
                try lab.mirror("remove", "ids")
                try lab.ping(1, 2)
                #expect(try Self.packets(lab, "p1", "egress", preference: 5000) == 20)
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("clsact"))
                #expect(try !lab.sh("tc chain show dev p1 ingress").output.contains("20557"))
                // The qdisc is theirs now: a further mirror shares it, and leaves it.
                try lab.rememberAnew()
                _ = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3"])
                try lab.mirror("remove", "ids")
                #expect(try Self.packets(lab, "p1", "egress", preference: 5000) == 20)
            }
        }

        @Test("A filter of others in our range of preferences is left alone, and stepped around")
        func takenPreference() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh("tc qdisc add dev p1 clsact")
                for preference in [0x100, 0x102] { try Self.addCounter(lab, "p1", "ingress", preference: preference) }
                for name in ["one", "two", "three"] {
                    _ = try lab.portmirror(["add", name, "--from", "p1:ingress", "--to", "p3"])
                }
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 30, sentinelThrough: "p3").count == 30)
                for preference in [0x100, 0x102] {
                    #expect(try Self.packets(lab, "p1", "ingress", preference: preference) == 10)
                }
            }
        }

        @Test("A filter that somebody changed by hand is put right by apply")
        func repaired() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                try lab.sh("tc filter del dev p1 ingress")
                #expect(try lab.show("ids").state == "degraded")
                #expect(try lab.portmirror(["plan"]).status == 2)
                #expect(try lab.portmirror(["apply"]).status == 0)
                #expect(try lab.show("ids").state == "active")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 20, sentinelThrough: "p3").count == 20)
            }
        }
    }
}
