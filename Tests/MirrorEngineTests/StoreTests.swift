import LinuxSystem
import MirrorConfig
import MirrorModel
import MirrorPlan
import RandomNumbers
import Testing

@testable import MirrorEngine

@Suite struct StoreTests {
    private static let lab = """
        version: 1
        mirrors:
          x:
            from: a
            to: b
          y:
            from: c
            to: b

        """

    private func names(_ machine: Machine) throws -> [String] {
        try machine.store.load(now: machine.now).intents.map(\.mirror.name.description)
    }

    @Test("Several mirrors of one file are redefined where they are, in one go")
    func severalInOneFile() throws {
        let machine = try Machine()
        try machine.write(Self.lab, "lab.yaml")
        let preview = try machine.put(try machine.mirror("x", "c"), try machine.mirror("y", "a"))
        #expect(preview.changed.count == 2)
        #expect(try names(machine) == ["x", "y"])
        #expect(machine.files.count == 1)
        #expect(try machine.put(try machine.mirror("x", "c"), try machine.mirror("y", "a")).isEmpty)
    }

    @Test("One of a file's mirrors is redefined and another pruned")
    func redefinedAndPruned() throws {
        let machine = try Machine()
        try machine.write(Self.lab, "lab.yaml")
        try machine.load([try machine.mirror("x", "c")], prune: true)
        #expect(try names(machine) == ["x"])
        #expect(try machine.store.load(now: machine.now).intents.first?.mirror.sources == [parseSource("c")])
        #expect(try machine.repair().isEmpty)
    }

    @Test("Removing one of a file's mirrors leaves the other; the last takes the file along")
    func removingOne() throws {
        let machine = try Machine()
        try machine.write(Self.lab, "lab.yaml")
        _ = try machine.remove("x")
        #expect(try names(machine) == ["y"])
        _ = try machine.remove("y")
        #expect(machine.files == [:])
    }

    @Test("A mirror that moves is put where it goes before it is taken from where it was", arguments: [true, false])
    func moveOrder(isTemporary: Bool) throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("x"), temporary: !isTemporary)
        // In the order in which they are written.
        let done = try machine.store.change(
            put: [(try machine.mirror("x"), isTemporary)], remove: [], in: try machine.store.load(now: machine.now),
            now: machine.now)
        #expect(done.map { $0.written == nil } == [false, true])
        #expect(done.map { $0.path.hasPrefix(machine.store.temporaryDirectory) } == [isTemporary, !isTemporary])
    }

    @Test("A mirror that becomes temporary changes the directory")
    func becomesTemporary() throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("ids"))
        _ = try machine.put(try machine.mirror("ids"), temporary: true)
        #expect(Array(machine.files.keys) == ["\(machine.store.temporaryDirectory)/ids.yaml"])
    }

    @Test("A file that is applied leaves temporary mirrors temporary, and new ones stay")
    func keepsPlaces() throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("look"), temporary: true)
        let preview = try machine.load(
            [try machine.mirror("look"), try machine.mirror("ids", "c")], temporary: nil)
        #expect(preview.changed == [])
        #expect(
            Set(machine.files.keys) == [
                "\(machine.store.temporaryDirectory)/look.yaml", "\(machine.store.permanentDirectory)/ids.yaml",
            ])
    }

    @Test("A mirror that two files define is broken in both, and the others in them aren't")
    func definedTwice() throws {
        let machine = try Machine()
        try machine.write(Self.lab, "one.yaml")
        try machine.write(
            Self.lab.replacing("  y:", with: "  z:"), "two.yaml")
        let definitions = try machine.store.load(now: machine.now)
        #expect(try names(machine) == ["y", "z"])
        let told = definitions.broken.map(\.description)
        #expect(told.count == 2)
        #expect(told.contains { $0.contains("two.yaml:3:3: error: mirror x is defined twice: here and in ") })
        #expect(told.contains { $0.contains("one.yaml:3:3: error: mirror x is defined twice: here and in ") })
        // One that isn't double can be taken out of such a file.
        _ = try machine.remove("y")
        #expect(try names(machine) == ["z"])
        let error = #expect(throws: UserError.self) { _ = try machine.remove("x") }
        #expect(error?.message.contains("mirror x is defined twice") == true)
    }

    @Test("A record of an output comes back as it was kept, and only in its namespace")
    func records() throws {
        let directory = try Files.makeTemporaryDirectory("portmirror-records")
        defer { try? Files.removeTree(directory) }
        let records = try RecordStore(runDirectory: directory, of: .current())
        let record = OutputRecord(
            port: ResolvedPort(name: try PortName("tap0"), index: 7), address: MACAddress([2, 0, 0, 0, 0, 0xfe]),
            offloads: ["tx-a", "tx-b"], bridgePort: BridgePortSettings(state: 3, learning: false, locked: nil),
            bridge: 4)
        try records.save(record)
        #expect(try records.load().records == [record])
        try Files.write([], to: "\(directory)/outputs/1-7.json")
        #expect(try records.load().records == [record], "another namespace's")
        #expect(records.load(record.port) == record)
        #expect(records.load(ResolvedPort(name: record.port.name, index: 8)) == nil)
        try records.remove(record.port)
        #expect(try records.load().records == [])
        #expect(records.load(record.port) == nil)
    }

    @Test("Reading one output's record costs the same, however many others there are") func costOfRecord() throws {
        func least(_ count: Int32) throws -> Duration {
            let directory = try Files.makeTemporaryDirectory("portmirror-records")
            defer { try? Files.removeTree(directory) }
            let records = try RecordStore(runDirectory: directory, of: .current())
            for index in 1...count {
                try records.save(
                    OutputRecord(
                        port: ResolvedPort(name: try PortName("tap\(index)"), index: index), offloads: ["tx-a"]))
            }
            let port = ResolvedPort(name: try PortName("tap1"), index: 1)
            return try #require(
                (0..<5).map { _ in
                    ContinuousClock().measure { for _ in 0..<20 { #expect(records.load(port) != nil) } }
                }.min())
        }
        let (few, many) = (try least(8), try least(256))
        // To read all of them would be 32 times as much.
        #expect(many < few * 8, "\(few) \(many)")
    }

    @Test(
        "A record that can't be read is told with what to do, and doesn't hide the others",
        arguments: ["{", "", "[]", "{\"port\": \"a b\", \"index\": 7, \"offloads\": []}", "\0\u{ff}"])
    func unreadableRecord(content: String) throws {
        let directory = try Files.makeTemporaryDirectory("portmirror-records")
        defer { try? Files.removeTree(directory) }
        let records = try RecordStore(runDirectory: directory, of: .current())
        try records.save(OutputRecord(port: ResolvedPort(name: try PortName("tap0"), index: 7)))
        let name = try #require(try Files.list("\(directory)/outputs")?.first)
        let other = OutputRecord(port: ResolvedPort(name: try PortName("tap1"), index: 8))
        try records.save(other)
        try Files.write([UInt8](content.utf8), to: "\(directory)/outputs/\(name)")
        let (found, damaged) = try records.load()
        #expect(found == [other])
        #expect(damaged.map(\.index) == [7])
        #expect(damaged.first?.description.contains(name) == true)
        #expect(damaged.first?.description.contains("restore the port by hand") == true)
    }

    @Test("Every field of a record may be anything: it is read, or it is an error that says what to do")
    func extremeRecords() throws {
        let directory = try Files.makeTemporaryDirectory("portmirror-records")
        defer { try? Files.removeTree(directory) }
        let records = try RecordStore(runDirectory: directory, of: .current())
        try records.save(
            OutputRecord(
                port: ResolvedPort(name: try PortName("tap0"), index: 7), address: MACAddress([2, 0, 0, 0, 0, 0xfe]),
                offloads: ["tx-a"], bridgePort: BridgePortSettings(state: 3, learning: false, locked: true), bridge: 4))
        let name = try #require(try Files.list("\(directory)/outputs")?.first)
        let lines = String(decoding: try #require(try Files.read("\(directory)/outputs/\(name)")), as: UTF8.self)
            .split(separator: "\n").map(String.init)
        let values =
            ExtremeNumbers.whole + ["1e400", "null", "true", "[]", "\"x\"", "\"::::::\"", "\"100:-1:0:0:0:0\""]
        var read = 0
        for place in lines.indices where lines[place].contains(" : ") && !lines[place].hasSuffix("{") {
            let parts = lines[place].split(separator: " : ", maxSplits: 1).map(String.init)
            let comma = parts[1].hasSuffix(",") ? "," : ""
            for value in values {
                var changed = lines
                // Of a list, the one line that it is opened in becomes a list of this.
                changed[place] = parts[1] == "[" ? "\(parts[0]) : [\(value)," : "\(parts[0]) : \(value)\(comma)"
                try Files.write([UInt8](changed.joined(separator: "\n").utf8), to: "\(directory)/outputs/\(name)")
                let loaded = try records.load()
                for record in loaded.records { try records.save(record) }
                #expect(loaded.records.count + loaded.damaged.count == 1)
                if loaded.damaged.isEmpty { read += 1 }
                for other in try Files.list("\(directory)/outputs") ?? [] where other != name {
                    try Files.remove("\(directory)/outputs/\(other)")
                }
            }
        }
        #expect(read > 10)
    }
}
