import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// Rule 14: what fails, fails alone. Filters may have names of hosts, and resolvers may not answer.
    @Suite("A resolver that doesn't answer")
    struct SilentResolverTests {
        /// Runs a program where names are asked of a neighbour that is there and says nothing.
        private func withSilentResolver(_ body: (CommandLab, _ prefix: [String]) throws -> Void) throws {
            try withCommandLab { lab in
                try lab.sh(
                    "ip address add 192.0.2.2/24 dev p1; ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:77 dev p1 nud permanent"
                )
                let path = lab.path("resolv.conf")
                try TextFile.write("nameserver 192.0.2.1\n", to: path)
                try body(
                    lab,
                    [
                        "unshare", "-m", "sh", "-c", "mount --bind \(path) /etc/resolv.conf && exec \"$@\"", "sh",
                    ])
            }
        }

        private func seconds(_ body: () throws -> Void) rethrows -> Double {
            let start = Deadline.now()
            try body()
            return Deadline.now() - start
        }

        static let names = "host one.example or host two.example or host three.example"

        @Test("list and show wait a second for all names together, and show what runs as it runs")
        func looking() throws {
            try withSilentResolver { lab, prefix in
                // What runs has the addresses that the names had.
                try lab.mirror("add", "web", "--from", "p2", "--to", "p3", "--filter", "host 198.51.100.1")
                try lab.mirror("add", "ids", "--from", "p2", "--to", "p3")
                let path = "\(lab.configDirectory)/web.yaml"
                let text = try #require(TextFile.read(path))
                try TextFile.write(text.replacingOccurrences(of: "host 198.51.100.1", with: Self.names), to: path)
                let words =
                    "portmirror: mirror web is shown as it runs: the host name 'one.example' can't be looked up: the resolver "
                    + "doesn't answer (nameserver 192.0.2.1 of /etc/resolv.conf), at character 6 of '\(Self.names)'\n"
                for command in [["list"], ["show", "web"], ["show", "web", "--json"], ["list", "--check", "web"]] {
                    let taken = try seconds {
                        let outcome = try lab.portmirror(command, prefix: prefix)
                        #expect(outcome.status == 0 && outcome.error == words, "\(outcome)")
                        #expect(!outcome.output.contains("failed  ") && outcome.output.contains("active"), "\(outcome)")
                    }
                    #expect(taken < 5, "\(command)")
                }
                #expect(try lab.portmirror(["list", "ids"], prefix: prefix).error == "")
                #expect(try lab.portmirror(["show", "ids"], prefix: prefix).error == "")
                // Neither does it hold up the change of another mirror, nor is it changed by that.
                let taken = try seconds {
                    let outcome = try lab.portmirror(["add", "log", "--from", "p2", "--to", "p1"], prefix: prefix)
                    #expect(outcome.status == 0 && outcome.error == "", "\(outcome)")
                }
                #expect(taken < 5)
                #expect(try lab.sh("tc filter show dev p2 ingress").output.contains("bytecode"))
            }
        }

        @Test("A tap begins at once, whatever another mirror's filter asks: it looks no names up but its own")
        func tapping() throws {
            try withSilentResolver { lab, prefix in
                try lab.mirror("add", "web", "--from", "p2", "--to", "p3", "--filter", "host 198.51.100.1")
                let path = "\(lab.configDirectory)/web.yaml"
                let text = try #require(TextFile.read(path))
                try TextFile.write(text.replacingOccurrences(of: "host 198.51.100.1", with: Self.names), to: path)
                func taken(_ prefix: [String]) throws -> Double {
                    try seconds {
                        let outcome = try lab.run(
                            prefix + [CommandLab.binary, "tap", "-i", "p1", "-o", "p3", "-q", "--for", "1s"],
                            environment: lab.environment, seconds: 60)
                        #expect(outcome.status == 0 && outcome.error == "", "\(outcome)")
                    }
                }
                let others = try taken(prefix)
                try TextFile.write(text, to: path)
                #expect(try others < taken([]) + 0.7)
            }
        }

        @Test("A command that needs the names ends after ten seconds for all of them, and says who doesn't answer")
        func changing() throws {
            try withSilentResolver { lab, prefix in
                try lab.mirror("add", "web", "--from", "p2", "--to", "p3", "--filter", "host 198.51.100.1")
                let path = "\(lab.configDirectory)/web.yaml"
                let text = try #require(TextFile.read(path))
                try TextFile.write(text.replacingOccurrences(of: "host 198.51.100.1", with: Self.names), to: path)
                let filters = try lab.sh("tc filter show dev p2 ingress").output
                let words =
                    "the host name 'one.example' can't be looked up: the resolver doesn't answer (nameserver 192.0.2.1"
                for command in [["apply"], ["add", "new", "--from", "p1", "--to", "p3", "--filter", Self.names]] {
                    let taken = try seconds {
                        let outcome = try lab.portmirror(command, prefix: prefix)
                        #expect(outcome.status == (command == ["apply"] ? 1 : 64), "\(outcome)")
                        #expect(outcome.error.contains(words), "\(outcome)")
                    }
                    #expect((9..<15).contains(taken), "\(command)")
                }
                #expect(try lab.sh("tc filter show dev p2 ingress").output == filters)
            }
        }
    }
}
