import Testing
import TestSupport

extension IntegrationTests {
    /// What listens where a tap would, and isn't one, is damaged, or ends while it is asked.
    @Suite("Sockets of taps that answer nothing right", .needs(.tool("python3"), .tool("ss")))
    struct DoubtfulTapTests {
        /// Listens at a path, and does with who connects what the second argument says.
        private static let listener = """
            import os, select, socket, sys
            path, manner = sys.argv[1:3]
            os.makedirs(os.path.dirname(path), exist_ok=True)
            def listen():
                one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                one.bind(path)
                one.listen()
                return one
            one = listen()
            print("ready", file=sys.stderr, flush=True)
            answers = {"rubbish": b"nonsense", "nothing": b"", "half": b'{"version":1,"process":4', "other": b'{"version":99}'}
            while manner in answers:
                asker = one.accept()[0]
                # Who only looks whether somebody listens has gone by now.
                try: asker.sendall(answers[manner])
                except OSError: pass
                asker.close()
            while manner == "silence":
                select.select([], [], [])
            # It goes as somebody asks; with "replaced", another one listens then, and is no tap.
            select.select([one], [], [])
            os.unlink(path)
            other = listen() if manner == "replaced" else None
            if manner == "leaves": open(path, "w").close()
            one.close()
            if other:
                while True:
                    asker = other.accept()[0]
                    asker.sendall(b"nonsense")
                    asker.close()
            """

        private static func listen(_ lab: CommandLab, at name: String, _ manner: String) throws -> BackgroundProgram {
            let process = try lab.start(
                ["python3", "-c", listener, "\(lab.runDirectory)/taps/\(name).sock", manner])
            try process.waitForError(containing: "ready")
            return process
        }

        private static func end(_ process: BackgroundProgram) throws {
            process.signal(15)
            _ = try #require(process.wait(seconds: 10))
        }

        @Test(
            "A process that answers nothing right leaves its mirror unknown: no second one is started, its removal waits",
            arguments: ["rubbish", "nothing", "half", "other", "silence"])
        func doubtful(manner: String) throws {
            try withCommandLab(hosts: 0, alone: ["m1", "m2"]) { lab in
                let add = try lab.portmirror(["add", "cut", "--from", "m2", "--to", "m1", "--snaplen", "60"])
                #expect(add.succeeded)
                let path = "\(lab.runDirectory)/taps/cut.sock"
                let process = try Self.listen(lab, at: "cut", manner)
                let doubt =
                    "it is unknown whether 'portmirror run cut' runs: what listens at \(path) "
                    + (manner == "silence" ? "hasn't answered within 2 seconds" : "doesn't answer as a tap")
                    + " ('ss -xlp src \(path)' names the process)"
                let listed = try lab.portmirror(["list"])
                #expect(listed.status == 0 && listed.output.contains("cut: \(doubt)"), "\(listed)")
                #expect(try lab.sh("ss -xlp src \(path)").output.contains("pid=\(process.processID)"))
                let second = try lab.portmirror(["run", "cut"])
                #expect(second.status == 1 && second.error.contains("run by another process already"), "\(second)")
                #expect(try lab.portmirror(["apply"]).output == "nothing to change\n")

                let removed = try lab.portmirror(["remove", "cut"])
                #expect(removed.status == 1)
                #expect(
                    removed.error.contains("\(doubt). It may go on copying, and is marked for removal"), "\(removed)"
                )
                let awaited = try lab.portmirror(["list"])
                #expect(awaited.output.contains("cut: being removed: \(doubt)"), "\(awaited)")
                let again = try lab.portmirror(["remove", "cut"])
                #expect(again.status == 1 && again.error.contains("its removal still waits: \(doubt)"), "\(again)")

                try Self.end(process)
                #expect(try lab.portmirror(["apply"]).status == 0)
                #expect(try lab.mirror("list").output == "")
                try lab.sh("rm \(path)")
            }
        }

        @Test("A process that ends while it is asked is passed over; one that comes in its place is named")
        func ends() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                for manner in ["ends", "leaves", "replaced"] {
                    let process = try Self.listen(lab, at: "gone", manner)
                    let listed = try lab.portmirror(["list"])
                    #expect(listed.status == 0)
                    #expect(
                        listed.error.contains("the process of mirror gone can't be asked") == (manner == "replaced"),
                        "\(manner): \(listed)")
                    if manner == "replaced" { process.signal(15) }
                    _ = process.wait(seconds: 10)
                    try lab.sh("rm -f \(lab.runDirectory)/taps/gone.sock")
                }
            }
        }
    }
}
