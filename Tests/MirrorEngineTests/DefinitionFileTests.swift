import Glibc
import LinuxSystem
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import Testing

/// Files of definitions as people keep them.
@Suite struct DefinitionFileTests {
    private static let lab = """
        # Ours.
        version: 1
        mirrors:
          x:   # the first
            to: b
            from: a   # in
          # and
          y: {from: c, to: b}

        """

    private func path(_ machine: Machine, _ file: String = "lab.yaml") -> String {
        "\(machine.store.permanentDirectory)/\(file)"
    }

    @Test("Redefining and removing change nothing else in the file")
    func inPlace() throws {
        let machine = try Machine()
        try machine.write(Self.lab, "lab.yaml")
        _ = try machine.put(try machine.mirror("x", "c"))
        #expect(machine.files == [path(machine): Self.lab.replacing("from: a ", with: "from: c ")])
        _ = try machine.remove("y")
        #expect(
            machine.files == [
                path(machine): Self.lab.replacing("from: a ", with: "from: c ").replacing(
                    "  y: {from: c, to: b}\n", with: "")
            ])
    }

    @Test("What can't be changed in place is refused, and nothing is done")
    func refused() throws {
        let machine = try Machine()
        try machine.write(Self.lab, "lab.yaml")
        _ = try machine.repair()
        let before = machine.state
        let error = #expect(throws: ConfigError.self) { _ = try machine.put(try machine.mirror("y", "a")) }
        #expect(error?.description.contains("lab.yaml:8:3: error: mirror y can't be changed here by itself") == true)
        #expect(machine.files == [path(machine): Self.lab])
        #expect(machine.state == before)
    }

    @Test("What is saved between reading and writing stays, and the change is made to it", arguments: [1, 33])
    func savedMeanwhile(count: Int) throws {
        let machine = try Machine()
        // With many, files are written while steps are taken.
        var text = Self.lab
        for number in 1..<count { text += "  m\(number): {from: c, to: b}  # \(number)\n" }
        try machine.write(text.replacing("{from: c, to: b}", with: "\n    from: c\n    to: b"), "lab.yaml")
        _ = try machine.repair()
        let place = path(machine)
        var saves = 0
        machine.engine.meanwhile = {
            saves += 1
            guard saves <= 3, let now = (try? Files.read(place)) ?? nil else { return }
            try? Files.write(now + [UInt8]("# save \(saves)\n".utf8), to: place)
        }
        var mirrors = [try machine.mirror("x", "c")]
        for number in 1..<count { mirrors.append(try machine.mirror("m\(number)", "a")) }
        _ = try machine.load(mirrors)
        let after = try #require(machine.files[place])
        for save in 1...3 { #expect(after.contains("# save \(save)\n")) }
        let intents = try machine.store.load(now: machine.now).intents
        #expect(intents.first { $0.mirror.name.description == "x" }?.mirror.sources == [try parseSource("c")])
        #expect(intents.count == count + 1)
        machine.engine.meanwhile = nil
        #expect(try machine.repair().isEmpty)
    }

    @Test("One that is saved all the time is left alone at last, and things are as they were")
    func savedForEver() throws {
        let machine = try Machine()
        try machine.write(Self.lab, "lab.yaml")
        _ = try machine.repair()
        let before = machine.state
        let place = path(machine)
        machine.engine.meanwhile = {
            guard let now = (try? Files.read(place)) ?? nil else { return }
            try? Files.write(now + [UInt8]("#\n".utf8), to: place)
        }
        let error = #expect(throws: UserError.self) { _ = try machine.remove("x") }
        #expect(error?.message.contains("\(place) was saved by somebody else while it was to be changed") == true)
        #expect(machine.files[place]?.hasPrefix(Self.lab) == true)
        #expect(machine.state == before)
    }

    @Test("A file that appears where a new one was to be isn't overwritten")
    func appearing() throws {
        let machine = try Machine()
        let place = path(machine, "ids.yaml")
        var saves = 0
        machine.engine.meanwhile = {
            saves += 1
            if saves == 1 {
                try? machine.write("# mine\nversion: 1\nmirrors:\n  z:\n    from: c\n    to: b\n", "ids.yaml")
            }
        }
        _ = try machine.put(try machine.mirror("ids"))
        #expect(
            machine.files[place]?.hasPrefix("# mine\nversion: 1\nmirrors:\n  z:\n    from: c\n    to: b\n\n  ids:")
                == true)
    }

    @Test("A link to a file is followed, and stays; when its last mirror goes, the link goes and not the file")
    func linked() throws {
        let machine = try Machine()
        let elsewhere = "\(machine.directory)/elsewhere.yaml"
        try Files.makeDirectory(machine.store.permanentDirectory)
        try Files.write([UInt8](Self.lab.utf8), to: elsewhere)
        #expect(symlink(elsewhere, path(machine)) == 0)
        _ = try machine.put(try machine.mirror("x", "c"))
        func content() throws -> String { String(decoding: try Files.read(elsewhere) ?? [], as: UTF8.self) }
        #expect(try content() == Self.lab.replacing("from: a ", with: "from: c "))
        var status = stat()
        #expect(lstat(path(machine), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        _ = try machine.remove("x")
        let rest = try content()
        _ = try machine.remove("y")
        #expect(machine.files == [:])
        #expect(try content() == rest)
    }

    // MARK: Broken files

    @Test("Whatever a file is like, its mirrors stay as they run, and the others follow their files")
    func broken() throws {
        for text in ["", "{", "version: 2\n", "mirrors: [ids]", "version: 1\nmirrors: {ids: {}}", "\u{0}", "ids\n"] {
            let machine = try Machine()
            _ = try machine.put(try machine.mirror("ids"))
            _ = try machine.put(try machine.mirror("web", "c"))
            let before = machine.state
            try machine.write(text, "ids.yaml")
            #expect(machine.state == before)
            var repaired = try machine.repair()
            #expect(repaired.plan.steps == [], "\(text)")
            #expect(repaired.broken.count == 1, "\(text)")
            #expect(machine.state == before, "\(text)")
            _ = try machine.remove("web")
            repaired = try machine.repair()
            #expect(machine.state.contains { $0.hasPrefix("ids ") } && !machine.state.contains { $0.hasPrefix("web ") })
            #expect(throws: UserError.self) { _ = try machine.remove("ids") }
            #expect(throws: UserError.self) { _ = try machine.put(try machine.mirror("ids", "c")) }
            // So they do in a file of another name, whether or not anything of them can still be read there.
            try Files.remove(path(machine, "ids.yaml"))
            try machine.write(text, "other.yaml")
            #expect(try machine.repair().plan.steps == [], "\(text)")
            #expect(throws: UserError.self) { _ = try machine.remove("ids") }
            try Files.remove(path(machine, "other.yaml"))
            #expect(try machine.repair().leftovers.map(\.description) == ["ids"])
        }
    }

    @Test("A file that is cut anywhere, emptied, or saved in another encoding never takes a mirror out of service")
    func cut() throws {
        let machine = try Machine()
        let text = "version: 1\nmirrors:\n  web:\n    from: a\n    to: b\n  dns:\n    from: c:ingress\n    to: b\n"
        let file = path(machine, "site.yaml")
        try machine.write(text, "site.yaml")
        _ = try machine.repair()
        let before = machine.state
        let bytes = [UInt8](text.utf8)
        let utf16: [UInt8] = [0xff, 0xfe] + bytes.flatMap { byte -> [UInt8] in [byte, 0] }
        var broken = 0
        let cuts = bytes.indices.map { Array(bytes[..<$0]) }
        for content in cuts + [utf16] {
            try Files.write(content, to: file)
            // Where a cut leaves a file that is right, it says what it says.
            guard try !machine.store.load(now: machine.now).broken.isEmpty else { continue }
            broken += 1
            #expect(try machine.repair().plan.steps == [], "\(String(decoding: content, as: UTF8.self))")
            #expect(machine.state == before)
        }
        #expect(broken > 50)
        for content in ["", "\n", "# nothing\n", "version: 1\n", "version: 1\nmirrors:\n"] {
            try machine.write(content, "site.yaml")
            #expect(try machine.store.load(now: machine.now).broken.count == 1, "\(content)")
        }
        // Somebody who means it says so.
        try machine.write("version: 1\nmirrors: {}\n", "site.yaml")
        #expect(try machine.repair().leftovers.map(\.description) == ["dns", "web"])
    }
}
