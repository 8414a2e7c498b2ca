import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 9 again, where it is easily broken: others who come in between, and things that look like ours.
    @Suite("Races, and things that look like ours", .needs(.tool("strace")))
    struct RaceTests {
        /// Runs the program slowly, each netlink request after a pause, and acts once the outputs are prepared, which
        /// comes after the look around and before the first hook.
        private func slowly(
            _ lab: CommandLab, _ arguments: [String], prepared output: String, then body: () throws -> Void
        ) throws -> Int32 {
            try lab.remember()
            let program = try lab.start(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=sendto:delay_enter=250000"]
                    + [CommandLab.binary] + arguments, environment: lab.environment)
            let prepared: Bool? = try Deadline.poll(seconds: 20) {
                try lab.sh("ethtool -k \(output)").output.contains("tx-checksumming: off") ? true : nil
            }
            #expect(prepared == true)
            try body()
            return try #require(program.wait(seconds: 30))
        }

        @Test("A clsact that somebody adds while ours is on its way is shared, stays theirs, and isn't marked")
        func clsactInBetween() throws {
            try withCommandLab { lab in
                let status = try slowly(lab, ["add", "ids", "--from", "p1", "--to", "p3"], prepared: "p3") {
                    try lab.sh("tc qdisc add dev p1 clsact")
                }
                #expect(status == 0)
                #expect(try !lab.sh("tc chain show dev p1 ingress").output.contains("20557"))
                #expect(try lab.sh("tc filter show dev p1 ingress").output.contains("mirred"))
                try lab.mirror("remove", "ids")
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("clsact"))
                try lab.sh("tc qdisc del dev p1 clsact")
            }
        }

        @Test("An action whose filter went while it was being changed isn't left over")
        func actionInBetween() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                try lab.mirror("add", "ids", "--from", "m1:ingress", "--to", "m2")
                try lab.sh("ip link del m2")
                try lab.sh("ip -n \(lab.sw) \(lab.standAloneLink("m2")); ip link set m2 up")
                lab.recreatesPorts = true
                let status = try slowly(lab, ["apply"], prepared: "m2") { try lab.sh("ip link del m1") }
                #expect(status == 0)
                #expect(try !lab.sh("tc actions list action mirred").output.contains("cookie"))
                try lab.mirror("remove", "ids")
                try lab.rememberAnew()
            }
        }

        @Test("Chains and hash tables of others on a clsact that we made keep it")
        func objectsOfOthers() throws {
            for (add, show) in [
                ("tc chain add dev p1 ingress chain 77", "tc chain show dev p1 ingress"),
                ("tc chain add dev p1 egress chain 77", "tc chain show dev p1 egress"),
                (
                    "tc filter add dev p1 ingress pref 10 protocol ip handle 5: u32 divisor 256",
                    "tc filter show dev p1 ingress"
                ),
            ] {
                try withCommandLab { lab in
                    try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                    try lab.sh(add)
                    try lab.mirror("remove", "ids")
                    let left = try lab.sh(show).output
                    #expect(left.contains("chain 77") || left.contains("fh 5: ht divisor 256"), "\(add): \(left)")
                    #expect(try !lab.sh("tc chain show dev p1 ingress").output.contains("20557"))
                    try lab.sh("tc qdisc del dev p1 clsact")
                }
            }
        }

        @Test("A hook whose filters are shared with other ports is refused, its other direction isn't")
        func sharedBlock() throws {
            try withCommandLab { lab in
                try lab.sh("tc qdisc add dev p1 ingress_block 22 clsact")
                let refused = try lab.portmirror(["add", "ids", "--from", "p1:ingress", "--to", "p3"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("shares its ingress filters with other ports"))
                try lab.mirror("add", "ids", "--from", "p1:egress", "--to", "p3")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 10, sentinelThrough: "p3").count == 10)
            }
        }

        @Test("Ports without Ethernet headers are refused, as source and as output")
        func barePackets() throws {
            try withCommandLab { lab in
                try lab.sh("ip tuntap add mode tun tun9; ip link set tun9 up")
                for arguments in [["--from", "tun9", "--to", "p3"], ["--from", "p1", "--to", "tun9"]] {
                    let refused = try lab.portmirror(["add", "ids"] + arguments)
                    #expect(refused.status == 1)
                    #expect(refused.error.contains("tun9 carries bare packets without Ethernet headers"))
                }
            }
        }

        @Test("An output that was reserved while its VM was off forwards again when it is given back")
        func reservedWhileOff() throws {
            try withCommandLab { lab in
                try lab.remember()
                try lab.sh("ip link set eth0 down", in: lab.host(3))
                _ = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3", "--reserve-output"])
                try lab.sh("ip link set eth0 up", in: lab.host(3))
                try lab.mirror("remove", "ids")
                let forwards: Bool? = try Deadline.poll(seconds: 5) {
                    try lab.sh("bridge link show dev p3").output.contains("state forwarding") ? true : nil
                }
                #expect(forwards == true)
                try lab.ping(1, 3)
            }
        }

        @Test("A device that got the index of an output that has gone isn't given that one's settings")
        func reusedIndex() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "m1")
                let number = try #require(try lab.sh("ip -o link show m1").output.split(separator: ":").first)
                try lab.sh("ip link del m1; ip link add other index \(number) type veth peer name other2")
                try lab.sh("ethtool -K other tx off tso off")
                let before = try lab.sh("ethtool -k other").output
                _ = try lab.portmirror(["apply"])
                _ = try lab.portmirror(["remove", "ids"])
                #expect(try lab.sh("ethtool -k other").output == before)
                try lab.sh("ip link del other; ip -n \(lab.sw) \(lab.standAloneLink("m1")); ip link set m1 up")
                lab.recreatesPorts = true
                try lab.rememberAnew()
            }
        }

        @Test("Two files of one namespace don't fight: what the other defines runs on, until everything is asked for")
        func otherConfigDirectory() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let other = ["--config-dir", lab.path("other")]
                try lab.mirror(with: ["add", "web", "--from", "p2:ingress", "--to", "p3"] + other)
                #expect(try lab.sh("tc filter show dev p1 ingress").output.contains("mirred"))
                try lab.mirror(with: ["remove", "web"] + other)
                #expect(try lab.sh("tc filter show dev p1 ingress").output.contains("mirred"))
                #expect(try lab.mirror("list").output.contains("active"))
            }
        }
    }
}
