import Foundation
import Glibc
import LinuxSystem
import TestSupport
import Testing

extension IntegrationTests {
    /// Rule 14: what fails, fails alone.
    @Suite("Broken definitions and records")
    struct BrokenDefinitionTests {
        /// How a file can be broken, and what is said of it after the file's name.
        enum Fault: String, CaseIterable, CustomTestStringConvertible {
            case syntax, meaning, encoding, size, directory, dangling, loop, fifo, twice

            var testDescription: String { rawValue }

            var error: String {
                switch self {
                case .syntax: ":5:4: error: this isn't YAML: "
                case .meaning: ":5:5: error: unknown key 'frm'; did you mean 'from'?"
                case .encoding: ":1:1: error: this isn't UTF-8 text"
                case .size: ":1:1: error: the file has 4194305 bytes; the limit is 4194304"
                case .directory: ":1:1: error: it can't be read: it is a directory"
                case .dangling: ":1:1: error: it can't be read: it is a symbolic link that leads nowhere"
                case .loop: ":1:1: error: it can't be read: Too many levels of symbolic links"
                case .fifo: ":1:1: error: it can't be read: it isn't a file"
                case .twice: ":3:3: error: mirror ids is defined twice: here and in "
                }
            }

            static let noYAML = "version: 1\nmirrors:\n  ids:\n    from: [p1\n  x: {\n"

            func happen(to path: String) throws {
                let text = TextFile.read(path) ?? ""
                try FileManager.default.removeItem(atPath: path)
                switch self {
                case .syntax: try TextFile.write(Self.noYAML, to: path)
                case .meaning:
                    try TextFile.write(
                        "version: 1\nmirrors:\n  ids:\n    from: p1\n    frm: p2\n    to: p3\n", to: path)
                case .encoding: try Files.write([UInt8](text.utf8) + [0xff], to: path)
                case .size: try Files.write([UInt8](repeating: 0x20, count: 4 << 20 + 2), to: path)
                case .directory:
                    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                case .dangling: symlink("nowhere", path)
                case .loop: symlink("ids.yaml", path)
                case .fifo: mkfifo(path, 0o644)
                case .twice:
                    try TextFile.write(text, to: path)
                    try TextFile.write(text, to: path.replacingOccurrences(of: "ids.yaml", with: "zzz.yaml"))
                }
            }
        }

        @Test(
            "A broken file keeps its mirror as it runs, says why, and keeps nobody else from anything",
            arguments: Fault.allCases)
        func frozen(fault: Fault) throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                try lab.mirror("add", "web", "--from", "p2:ingress", "--to", "p3")
                let path = "\(lab.configDirectory)/ids.yaml"
                try fault.happen(to: path)
                let error = path + fault.error

                // Looking.
                let shown = try lab.show("ids")
                #expect(shown.state == "degraded")
                #expect(shown.reason.hasPrefix(error.replacingOccurrences(of: " error:", with: "")), "\(shown.reason)")
                #expect(shown.reason.hasSuffix("; it runs as last applied"), "\(shown.reason)")
                #expect(shown.from.map(\.port) == ["p1"] && shown.to.map(\.port) == ["p3"])
                #expect(try lab.list().map { "\($0.name) \($0.state)" } == ["ids degraded", "web active"])
                #expect(try lab.show("web").reason == "")
                #expect(try lab.mirror("show", "ids").output.contains(shown.reason))
                try lab.mirror("ports")
                try lab.mirror("explain", "web")
                #expect(try lab.mirror("export", "web").output.contains("web:"))
                let exported = try lab.portmirror(["export"])
                #expect(exported.status == 1 && exported.error.contains(error), "\(exported)")
                #expect(exported.output.contains("web:") && !exported.output.contains("ids:"))

                // What concerns it is refused with the file's error.
                for command in [
                    ["remove", "ids"], ["add", "ids", "--from", "p2", "--to", "p3"], ["explain", "ids"],
                    ["export", "ids"],
                    ["run", "ids"], ["add", "ids", "--from", "p2", "--to", "p3", "--dry-run"],
                ] {
                    let outcome = try lab.portmirror(command)
                    #expect(outcome.status == 1 && outcome.error.contains(error), "\(outcome)")
                    #expect(outcome.error.contains("nothing was changed; mend the file, or delete it"), "\(outcome)")
                }

                // What doesn't goes on as ever.
                try lab.mirror("add", "new", "--from", "p2:egress", "--to", "p3")
                try lab.mirror("remove", "new")
                try lab.sh("tc qdisc del dev p2 clsact")
                let planned = try lab.portmirror(["plan"])
                #expect(planned.status == 1 && planned.error.contains(error), "\(planned)")
                #expect(planned.output.contains("p2 ingress") && !planned.output.contains("p1"), "\(planned)")
                let applied = try lab.portmirror(["apply"])
                #expect(applied.status == 1 && applied.error.contains(error), "\(applied)")
                #expect(try lab.show("web").state == "active")
                try lab.ping(1, 2)
                #expect(try lab.show("ids").counters.selected.packets > 0)

                let cleared = try lab.portmirror(["remove", "--all"])
                #expect(cleared.status == 1 && cleared.error.contains(error), "\(cleared)")
                #expect(try lab.list().map(\.name) == ["ids"])

                // Once the file has gone, it has no definition any more.
                try lab.sh("rm -r '\(path)' '\(lab.configDirectory)/zzz.yaml' 2>/dev/null || true")
                #expect(try lab.portmirror(["apply"]).error.contains("mirror ids: it ran without a definition"))
                #expect(try lab.list().isEmpty)
            }
        }

        @Test(
            "A file of several mirrors keeps those that run and shows those that don't, also before anything was applied"
        )
        func several() throws {
            try withCommandLab { lab in
                let path = "\(lab.configDirectory)/lab.yaml"
                try FileManager.default.createDirectory(
                    atPath: lab.configDirectory, withIntermediateDirectories: true)
                let text = "version: 1\nmirrors:\n  x:\n    from: p1:ingress\n    to: p3\n  y: {from: p9, to: p3}\n"
                try TextFile.write(text, to: path)
                try lab.mirror("apply")
                try TextFile.write(text + "  z: {from: p2}\n", to: path)
                #expect(try lab.list().map { "\($0.name) \($0.state)" } == ["x degraded", "y failed", "z failed"])
                #expect(
                    try lab.show("z").reason
                        == "\(path):7:3: 'z' has no 'to', which says where copies go; nothing of it runs")
                let applied = try lab.portmirror(["apply"])
                #expect(
                    applied.error.hasSuffix(
                        "portmirror: x is left as it runs until the file is mended\n"
                            + "portmirror: y, z aren't started until the file is mended\n"), "\(applied)")
                // A process of a mirror whose definition may be in there isn't one without a definition.
                try TextFile.write("version: 1\nmirrors:\n  cut: {from: p2, to: p3, snaplen: 60}\n", to: "\(path).yaml")
                let tap = try CopyingProgram(lab, ["run", "cut", "--json"])
                try FileManager.default.removeItem(atPath: "\(path).yaml")
                let all = try lab.portmirror(["remove", "--all"])
                #expect(all.status == 1 && !all.error.contains("kill"), "\(all)")
                #expect(
                    all.error.contains("portmirror: cut, x are left as they run until the file is mended"), "\(all)")
                try tap.end(by: SIGTERM)
                // A name that would be in the file.
                let outcome = try lab.portmirror(["add", "lab", "--from", "p2", "--to", "p3"])
                #expect(outcome.status == 1 && outcome.error.contains("\(path):7:3: error: "), "\(outcome)")
                let json = try lab.portmirror(["plan", "--json"])
                #expect(json.status == 1 && json.output.contains("\"rule\" : \"definition\""), "\(json)")
                // Mended, it is followed again.
                try TextFile.write(text.replacingOccurrences(of: "p1:ingress", with: "p2:ingress"), to: path)
                #expect(try lab.mirror("apply").succeeded)
                #expect(try lab.show("x").from.map(\.port) == ["p2"])
            }
        }

        @Test("A tap whose mirror is removed ends also while another mirror's file is broken")
        func removedBesideBroken() throws {
            try withCommandLab { lab in
                _ = try lab.portmirror(["add", "cut", "--from", "p1", "--to", "p3", "--snaplen", "60"])
                let tap = try CopyingProgram(lab, ["run", "cut", "--json"])
                let other = "\(lab.configDirectory)/other.yaml"
                try TextFile.write("mirrors: {", to: other)
                try lab.mirror("remove", "cut")
                try tap.end()
                #expect(tap.program.error.contains("mirror cut was removed"))
                try FileManager.default.removeItem(atPath: other)
            }
        }

        @Test("A loop that a new mirror would close with one that only runs is refused")
        func loop() throws {
            try withCommandLab(hosts: 0, alone: ["m1", "m2"]) { lab in
                try lab.mirror("add", "ids", "--from", "m1:egress", "--to", "m2")
                try Fault.syntax.happen(to: "\(lab.configDirectory)/ids.yaml")
                let outcome = try lab.portmirror(["add", "back", "--from", "m2:egress", "--to", "m1"])
                #expect(
                    outcome.status == 1 && outcome.error.contains("without end: m2 -> m1 -> m2"), "\(outcome)")
                try FileManager.default.removeItem(atPath: "\(lab.configDirectory)/ids.yaml")
            }
        }

        @Test("A tap goes on while its file is broken, says so, and follows when that is mended")
        func tap() throws {
            try withCommandLab { lab in
                let path = "\(lab.configDirectory)/cut.yaml"
                _ = try lab.portmirror(["add", "cut", "--from", "p1", "--to", "p3", "--snaplen", "60"])
                let text = try #require(TextFile.read(path))
                let first = try CopyingProgram(lab, ["run", "cut", "--json"])
                try TextFile.write(Fault.noYAML, to: path)
                let shown = try lab.state("cut")
                #expect(shown.state == "degraded" && shown.reason.contains("\(path):5:4: "), "\(shown)")
                _ = try lab.portmirror(["apply"])
                _ = try first.tell()
                #expect(first.program.isRunning)
                // As it was: nothing has happened.
                try TextFile.write(text, to: path)
                _ = try first.tell()
                #expect(first.program.isRunning)
                #expect(try lab.state("cut").state == "active")
                // Broken, then without it.
                try TextFile.write("version: 2\n", to: path)
                _ = try first.tell()
                try TextFile.write("version: 1\nmirrors: {}\n", to: path)
                try first.end()
                #expect(first.program.error.contains("mirror cut was removed"))

                // The directory itself goes and comes back.
                try TextFile.write(text, to: path)
                let second = try CopyingProgram(lab, ["run", "cut", "--json"])
                try lab.sh("mv \(lab.configDirectory) \(lab.configDirectory).away; mkdir \(lab.configDirectory)")
                try second.end()
                #expect(second.program.error.contains("mirror cut was removed"))
                try FileManager.default.removeItem(atPath: "\(lab.configDirectory).away")
            }
        }

        @Test("An editor that moves the file away, or empties it, before it writes it anew ends no tap")
        func editor() throws {
            try withCommandLab { lab in
                let path = "\(lab.configDirectory)/cut.yaml"
                _ = try lab.portmirror(["add", "cut", "--from", "p1", "--to", "p3", "--snaplen", "60"])
                let text = try #require(TextFile.read(path))
                let tap = try CopyingProgram(lab, ["run", "cut", "--json"])
                for away in ["mv \(path) \(path)~", "rm \(path)", "printf 'version: 1\\nmirrors: {}\\n' >\(path)"] {
                    try lab.sh(away)
                    // It has seen that by the time that it answers.
                    _ = try tap.tell()
                    #expect(tap.program.isRunning, "\(away): \(tap.program.error)")
                    try lab.sh("cat >\(path) <<'end'\n\(text)end")
                    _ = try tap.tell()
                }
                // Longer than it would wait for the file.
                #expect(tap.program.wait(seconds: 2) == nil)
                #expect(try lab.state("cut").state == "active" && tap.program.error.isEmpty, "\(tap.program.error)")
                // Ended meanwhile, it was ended, and not by the file.
                try lab.sh("mv \(path) \(path)~")
                _ = try tap.tell()
                tap.program.signal(SIGTERM)
                #expect(tap.program.wait(seconds: 20) == 0)
                #expect(tap.program.error.isEmpty, "\(tap.program.error)")
                try lab.sh("rm \(path)~")
            }
        }

        @Test("A damaged record leaves its output as it is and nothing else")
        func damagedRecord() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "m1")
                let directory = "\(lab.runDirectory)/outputs"
                let name = try #require(try Files.list(directory)?.first, "m1 has no offloads to record")
                let record = try #require(try Files.read("\(directory)/\(name)"))
                try Files.write([UInt8]("{\"port\": 7".utf8), to: "\(directory)/\(name)")
                let shown = try lab.show("ids")
                #expect(
                    shown.state == "degraded" && shown.reason.contains("output m1: \(directory)/\(name)"), "\(shown)")
                #expect(try lab.list().map(\.state) == ["degraded"])
                let added = try lab.portmirror(["add", "web", "--from", "p2:ingress", "--to", "m2"])
                #expect(
                    added.status == 0 && added.error.contains("\(directory)/\(name), which says what to restore"),
                    "\(added)")
                #expect(try lab.show("web").state == "active")
                let before = try lab.sh("ethtool -k m1").output
                for command in [["apply"], ["remove", "ids"], ["remove", "web"]] {
                    let outcome = try lab.portmirror(command)
                    #expect(
                        outcome.status == 0 && outcome.error.contains("isn't what this program writes there"),
                        "\(outcome)")
                }
                #expect(try lab.sh("ethtool -k m1").output == before, "guessed")
                try Files.write(record, to: "\(directory)/\(name)")
            }
        }
    }
}
