import Foundation
import LinuxSystem
import TestSupport
import Testing

extension IntegrationTests {
    /// What people name is written as cp would write it, and what can't be written is told.
    @Suite("Files and streams that people name")
    struct NamedFilesTests {
        @Test("import -o writes into links, devices and FIFOs, and says what it can't write")
        func importing() throws {
            try withCommandLab { lab in
                try lab.remember()
                try lab.sh(
                    "tc qdisc add dev p1 clsact; tc filter add dev p1 ingress protocol all pref 10 u32 match u32 0 0 action mirred egress mirror dev p3"
                )
                let text = try lab.portmirror(["import"]).output
                #expect(text.contains("p1"))
                try TextFile.write("old", to: lab.path("target"))
                try lab.sh(
                    "chmod 640 \(lab.path("target")); ln -s target \(lab.path("link")); mknod \(lab.path("null")) c 1 3"
                )
                for name in ["link", "null", "new.yaml"] {
                    #expect(try lab.portmirror(["import", "-o", lab.path(name)]).status == 0)
                }
                #expect(TextFile.read(lab.path("target")) == text)
                #expect(TextFile.read(lab.path("new.yaml")) == text)
                #expect(
                    try lab.sh("stat -c '%F %a' link target null", at: lab.directory)
                        == "symbolic link 777\nregular file 640\ncharacter special file 644\n")
                try lab.sh("mkfifo \(lab.path("fifo"))")
                let reader = try lab.start(["cat", lab.path("fifo")])
                #expect(try lab.portmirror(["import", "-o", lab.path("fifo")]).status == 0)
                #expect(reader.wait(seconds: 10) == 0 && reader.output == text)

                for (name, said) in [
                    ("/dev/full", "No space left"), (lab.path("none/x"), "No such file"),
                    (lab.directory, "Is a directory"),
                ] {
                    let outcome = try lab.portmirror(["import", "-o", name])
                    #expect(
                        outcome.status == 1 && outcome.error.contains(name) && outcome.error.contains(said),
                        "\(outcome)")
                }
                let sealed = try lab.run(
                    [
                        "unshare", "-m", "sh", "-ec", "mount -t tmpfs -o ro none /mnt; exec \"$0\" import -o /mnt/x",
                        CommandLab.binary,
                    ],
                    environment: lab.environment)
                #expect(sealed.status == 1 && sealed.error.contains("/mnt/x: Read-only file system"), "\(sealed)")
                try lab.sh("tc qdisc del dev p1 clsact")
            }
        }

        @Test("Whatever a command prints, it fails if standard output can't take it")
        func fullOutput() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                let file = lab.path("m.yaml")
                try TextFile.write("version: 1\nmirrors:\n  m: {from: p2:ingress, to: p3}\n", to: file)
                let capture = lab.path("x.pcap")
                let header: [UInt8] = [
                    0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
                ]
                try Files.write(header, to: capture)
                for command in [
                    ["export"], ["list"], ["list", "--json"], ["show", "ids"], ["show", "ids", "--json"], ["plan"],
                    ["plan", "--json"], ["plan", "-f", file], ["apply"], ["apply", "-v"], ["import"],
                    ["explain", "ids"],
                    ["ports"], ["ports", "--json"], ["add", "x", "--from", "p2", "--to", "p3", "--dry-run"],
                    ["simulate", "-f", file, "--pcap", capture, "--port", "p2", "--out", lab.path("copies")],
                    ["daemonlogger", "-v"], ["--help"], ["--version"],
                    ["help", "add"], ["--generate-completion-script", "bash"], ["demo"],
                ] {
                    let outcome = try lab.run(
                        ["sh", "-c", "exec \"$0\" \"$@\" >/dev/full", CommandLab.binary] + command,
                        environment: lab.environment, seconds: 60)
                    #expect(outcome.status == 1, "\(outcome)")
                    #expect(
                        outcome.error.contains(
                            "portmirror: can't write to standard output: No space left on device (ENOSPC)\n"),
                        "\(outcome)")
                }
                // What has nothing to say to it doesn't mind.
                let quiet = try lab.run(
                    ["sh", "-c", "exec \"$0\" \"$@\" >/dev/full", CommandLab.binary, "remove", "ids"],
                    environment: lab.environment)
                #expect(quiet.status == 0 && quiet.error == "", "\(quiet)")
                // A reader that has had enough is no error.
                let head = try lab.run(
                    ["sh", "-c", "\"$0\" ports | true", CommandLab.binary], environment: lab.environment)
                #expect(head.status == 0 && head.error == "", "\(head)")
            }
        }
    }
}

extension CommandLab {
    /// What a shell script prints in a directory.
    fileprivate func sh(_ script: String, at directory: String) throws -> String {
        try sh("cd '\(directory)'; \(script)").output
    }
}
