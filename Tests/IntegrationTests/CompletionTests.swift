import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// What a shell offers at the Tab key, asked of the shell itself.
    @Suite("Completion")
    struct CompletionTests {
        /// Calls the function that bash would call, with the variables that it would set.
        private static let script = """
            source "$1"; shift
            function=$(complete -p portmirror | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
            "$function" portmirror "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """

        private func offered(_ lab: CommandLab, _ words: String...) throws -> [String] {
            let file = lab.path("completion.bash")
            if !FileManager.default.fileExists(atPath: file) {
                let made = try lab.portmirror(["--generate-completion-script", "bash"])
                try TextFile.write(made.output, to: file)
            }
            let directory = URL(fileURLWithPath: CommandLab.binary).deletingLastPathComponent().path
            var environment = lab.environment
            environment["PATH"] = "\(directory):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
            let outcome = try lab.run(
                ["bash", "-c", Self.script, "bash", file, "portmirror"] + words, environment: environment)
            #expect(outcome.succeeded && outcome.error == "", "\(outcome)")
            return outcome.output.split(separator: "\n").map(String.init)
        }

        @Test("Ports, by their names and altnames, also after a comma") func ports() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.sh("ip link property add dev m1 altname vm-alice-net0")
                #expect(try offered(lab, "add", "ids", "--from", "p") == ["p1", "p2", "p3"])
                #expect(try offered(lab, "add", "ids", "--to", "vm") == ["vm-alice-net0"])
                #expect(try offered(lab, "add", "ids", "--from-bridge", "b") == ["br0"])
                #expect(try offered(lab, "add", "ids", "--from", "m1,p") == ["m1,p1", "m1,p2", "m1,p3"])
                #expect(Set(["lo", "br0", "m1"]).isSubset(of: try offered(lab, "tap", "-i", "")))
                #expect(try offered(lab, "tap", "-i", "m1", "-o", "p3") == ["p3"])
                #expect(try offered(lab, "log", "-i", "vm") == ["vm-alice-net0"])
                #expect(try offered(lab, "set", "ids", "--to", "p3") == ["p3"])
            }
        }

        @Test("A name in which a shell would act on something isn't offered, and nothing in it is run")
        func hostileNames() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let names = [
                    "m$(id>pwn)", "m`id>pwn`", "m;id>pwn", "m|id>pwn", "m>pwn", "m*", "m~", "m'", "m\"", "m\\",
                ]
                for (number, name) in names.enumerated() {
                    let outcome = try lab.run([
                        "nsenter", "--net=/run/netns/\(lab.sw)", "ip", "link", "add", name, "type", "veth", "peer",
                        "name",
                        "x\(number)",
                    ])
                    #expect(outcome.succeeded, "\(name): \(outcome)")
                }
                try lab.sh("ip link property add dev m1 altname 'alt$(id>pwn)'")
                #expect(try offered(lab, "tap", "-i", "m") == ["m1"])
                #expect(try offered(lab, "tap", "-i", "alt") == [])
                let pwned = FileManager.default.fileExists(atPath: "pwn")
                #expect(!pwned)
                try lab.sh("ip link property del dev m1 altname 'alt$(id>pwn)'")
                for number in names.indices { try lab.sh("ip link del x\(number)") }
                try lab.rememberAnew()
            }
        }

        @Test("Mirrors that are defined, those of --config-dir, too") func mirrors() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                try lab.mirror("add", "look", "--from", "p2", "--to", "p3", "--temporary")
                for command in ["show", "remove", "set", "export", "explain", "run", "list"] {
                    #expect(
                        try offered(lab, command, "").filter { !$0.hasPrefix("-") } == ["ids", "look"], "\(command)")
                    #expect(try offered(lab, command, "lo") == ["look"], "\(command)")
                }
                #expect(try offered(lab, "remove", "ids", "l") == ["look"])
                let other = lab.path("elsewhere")
                try lab.sh("mkdir \(other)")
                #expect(try offered(lab, "show", "--config-dir", other, "i") == [])
                try lab.sh("echo nonsense > \(lab.configDirectory)/broken.yaml")
                // What can't be read is no reason to write into somebody's prompt.
                _ = try offered(lab, "show", "i")
                try lab.sh("rm \(lab.configDirectory)/broken.yaml")
            }
        }

        @Test("Engines, directions, formats, what can be unset, and paths") func words() throws {
            try withCommandLab(hosts: 0) { lab in
                #expect(try offered(lab, "add", "ids", "--engine", "t") == ["tc", "tap"])
                #expect(try offered(lab, "demo", "--engine", "o") == ["ovs"])
                #expect(try offered(lab, "tap", "--direction", "e") == ["egress"])
                #expect(try offered(lab, "log", "--compress", "") == ["zstd"])
                #expect(try offered(lab, "set", "ids", "--unset", "keep-a") == ["keep-age"])
                #expect(try offered(lab, "app") == ["apply"])
                try lab.sh("mkdir \(lab.path("d")); touch \(lab.path("d"))/mirrors.yaml")
                let path = lab.path("d/mir")
                for command in ["apply", "plan", "explain", "simulate"] {
                    #expect(try offered(lab, command, "-f", path) == [lab.path("d/mirrors.yaml")], "\(command)")
                }
                #expect(try offered(lab, "tap", "-R", path) == [lab.path("d/mirrors.yaml")])
                #expect(try offered(lab, "log", "--dir", lab.path("d")).contains(lab.path("d")))
                #expect(try offered(lab, "list", "--config-dir", lab.path("d")).contains(lab.path("d")))
            }
        }

        @Test("The scripts are ones that their shells can read", arguments: ["bash", "zsh", "fish"])
        func readable(shell: String) throws {
            try withCommandLab(hosts: 0) { lab in
                guard try lab.run(["which", shell]).succeeded else { return }
                let made = try lab.portmirror(["--generate-completion-script", shell])
                try TextFile.write(made.output, to: lab.path("script"))
                let outcome = try lab.run([shell, "-n", lab.path("script")])
                #expect(outcome.succeeded && outcome.error == "", "\(outcome)")
            }
        }
    }
}
