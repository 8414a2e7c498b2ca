import MirrorModel
import ReferenceModel
import Testing

@Suite("Files as outputs, spreading, and taps") struct TapModelTests {
    private func files(_ path: String = "/captures") throws -> Output {
        .files(FileSettings(directory: try DirectoryPath(path)))
    }

    @Test("6: files record a copy cut, with the length that it had; a port just gets it cut") func cut() throws {
        var lab = try Lab.usual()
        try lab.mirror("x", [("a", .ingress)], to: "m") {
            $0.snaplen = 20
            $0.outputs.append(try self.files())
        }
        var model = lab.model()
        let whole = frame(Station.a, Station.b)
        let trace = try model.receive(whole, at: "a")
        #expect(try trace.copies("x", "m") == [whole.truncated(to: 20)])
        let route = Trace.Route(try MirrorName("x"), try files())
        #expect(trace.records == [route: [RecordedFrame(whole.truncated(to: 20), originalLength: 60)]])
        #expect(
            trace.counters[Copy(mirror: route.mirror, output: route.output, point: Point(try PortName("a"), .ingress))]
                == CopyCounters(delivered: 1))
        // What is shorter than that is as it was.
        let short = whole.truncated(to: 18)
        #expect(try model.receive(short, at: "a").records[route] == [RecordedFrame(short, originalLength: 18)])
    }

    @Test("Nothing comes back out of a file: what is recorded passes no point") func end() throws {
        var lab = try Lab.usual()
        try lab.mirror("x", [("a", .ingress)], to: "m") { $0.outputs = [try self.files()] }
        var model = lab.model()
        let with = try model.receive(frame(Station.a, Station.b), at: "a")
        model.mirrors = []
        let without = try model.receive(frame(Station.a, Station.b), at: "a")
        #expect(with.deliveries == without.deliveries)
        #expect(with.points == without.points)
    }

    @Test("Spread copies reach exactly one output each, that of their flow's hash") func spread() throws {
        var lab = try Lab.usual()
        try lab.add("n")
        try lab.mirror("x", [("a", .ingress)], to: "m", "n") {
            $0.outputs.append(try self.files())
            $0.spread = true
            $0.snaplen = 20
        }
        var model = ReferenceModel(
            topology: lab.topology, mirrors: lab.mirrors,
            spreads: { _, frame in frame.bytes.count < 60 ? 99 : UInt32(frame.bytes[14]) }, matches: { _, _, _ in true }
        )
        var all = Trace()
        for mark in 0..<UInt8(9) { all.add(try model.receive(frame(Station.a, Station.b, mark: mark), at: "a")) }
        #expect(try all.copies("x", "m").map { $0.bytes[14] } == [0, 3, 6])
        #expect(try all.copies("x", "n").map { $0.bytes[14] } == [1, 4, 7])
        #expect(all.records.values.flatMap { $0 }.map { $0.frame.bytes[14] } == [2, 5, 8])
    }

    @Test("12: a flow stays with its output while that is down, and fails") func spreadDown() throws {
        var lab = try Lab.usual()
        try lab.add("n")
        try lab.change("n") { $0.isUp = false }
        try lab.mirror("x", [("a", .ingress)], to: "m", "n") { $0.spread = true }
        var model = ReferenceModel(
            topology: lab.topology, mirrors: lab.mirrors, spreads: { _, frame in UInt32(frame.bytes[14]) },
            matches: { _, _, _ in true })
        #expect(
            try model.receive(frame(Station.a, Station.b, mark: 1), at: "a").copyPoints("x") == ["a:ingress failed"])
        #expect(try model.receive(frame(Station.a, Station.b, mark: 2), at: "a").copyPoints("x") == ["a:ingress"])
    }

    @Test("2: a tap doesn't hear what the host sends through a port without carrier; other engines' mirrors copy it")
    func nothingLeaves() throws {
        var lab = try Lab.usual()
        lab.traits = .tap
        try lab.add("n")
        try lab.change("n") { $0.hasCarrier = false }
        try lab.mirror("x", [("n", .both)], to: "m")
        try lab.mirror("y", [("n", .both)], to: "m") { $0.engine = .tc }
        var model = lab.model()
        let trace = try model.send(frame(Station.a, Station.b), from: PortName("n"))
        #expect(trace.copyPoints("x") == [])
        #expect(trace.copyPoints("y") == ["n:egress"])
    }

    @Test("3: a tap copies at each point") func eachPoint() throws {
        var lab = try Lab.usual()
        lab.traits = .tap
        try lab.mirror("x", [("a", .both), ("b", .both)], to: "m")
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").copyPoints("x") == ["a:ingress", "b:egress"])
    }
}

@Suite("What files are like") struct FileSettingsTests {
    @Test("A directory is absolute, and one path whatever way it is written") func directories() throws {
        #expect(try DirectoryPath("/var//log/./x/").description == "/var/log/x")
        #expect(try DirectoryPath("/").description == "/")
        #expect(try DirectoryPath("/a") == DirectoryPath("/a/"))
        for text in ["", "x", "./x", "/a/../b", "/a\n", "/\u{7f}", "/" + String(repeating: "a", count: 4095)] {
            #expect(throws: NameError.self) { try DirectoryPath(text) }
        }
        #expect(try DirectoryPath("/e\u{301}") != DirectoryPath("/é"))
    }

    private func problems(_ body: (inout FileSettings) -> Void) throws -> [String] {
        var settings = FileSettings(directory: try DirectoryPath("/x"))
        body(&settings)
        return settings.problems.map(\.description)
    }

    @Test("Settings that can't be, alone or together") func problems() throws {
        #expect(try problems { _ in } == [])
        #expect(
            try problems {
                $0.rotateSize = 100 << 20
                $0.keepBytes = 1 << 30
                $0.keepFiles = 10
                $0.keepAge = .seconds(1)
                $0.keepPercent = 80
            } == [])
        #expect(
            try problems { $0.rotateSize = 100 } == ["'rotate-size' has to be at least 4K, not 100 bytes"])
        #expect(try problems { $0.rotateTime = .zero } == ["'rotate-time' has to be at least 1s"])
        #expect(try problems { $0.rotatePackets = 0 } == ["'rotate-packets' has to be at least 1"])
        for percent in [0, 100, 255] as [UInt8] {
            #expect(
                try problems {
                    $0.rotatePackets = 1
                    $0.keepPercent = percent
                } == ["'keep-percent' has to be 1 to 99 percent of the volume"])
        }
        #expect(
            try problems { $0.keepAge = .seconds(60) } == [
                "'keep-age' removes finished files, and none is finished without rotate-size, rotate-time or "
                    + "rotate-packets: add one"
            ])
        #expect(
            try problems {
                $0.rotateSize = 8192
                $0.keepBytes = 4096
            } == ["'keep-bytes' 4096 bytes is less than one file of rotate-size, 8192 bytes"])
        for name in ["", "a/b", ".x", "a\n", String(repeating: "a", count: 201)] {
            #expect(try problems { $0.name = name }.count == 1, "\(name)")
        }
        #expect(try problems { $0.name = "web-%Y%m%d-%H%M%S" } == [])
    }

    @Test("A mirror that contradicts itself") func contradictions() throws {
        let port = Output.port(try PortName("o"))
        var mirror = Mirror(name: try MirrorName("m"), sources: [.bridge(try PortName("b"))], outputs: [port])
        #expect(mirror.problems == [])
        mirror.spread = true
        #expect(mirror.problems.map(\.description) == ["'spread' goes with several outputs: there is one"])
        let files = Output.files(FileSettings(directory: try DirectoryPath("/x")))
        mirror.outputs.append(files)
        #expect(mirror.problems == [])
        mirror.engine = .tap
        mirror.outputs.append(.files(FileSettings(directory: try DirectoryPath("/x"), format: .pcap)))
        #expect(mirror.problems.map(\.description) == ["'to' has the directory /x twice"])
    }

    @Test("A fingerprint tells definitions apart that copy otherwise, and no others") func fingerprints() throws {
        let directory = try DirectoryPath("/x")
        let mirror = Mirror(
            name: try MirrorName("m"), sources: [.port(try PortName("a"), .both)],
            outputs: [.files(FileSettings(directory: directory))])
        let changes: [(inout Mirror) throws -> Void] = [
            { $0.sources = [.bridge(try PortName("a"))] }, { $0.outputs = [.port(try PortName("x"))] },
            { $0.vlans = try VLANSet([1...1]) }, { $0.filter = "tcp" }, { $0.filter = "" }, { $0.sample = 2 },
            { $0.snaplen = 64 }, { $0.spread = true }, { $0.keepOffloads = true },
            { $0.outputs = [.files(FileSettings(directory: directory, name: "n"))] },
            { $0.outputs = [.files(FileSettings(directory: directory, format: .pcap))] },
            { $0.outputs = [.files(FileSettings(directory: directory, compression: .zstd))] },
            { $0.outputs = [.files(FileSettings(directory: directory, rotateSize: 9000))] },
            { $0.outputs = [.files(FileSettings(directory: directory, rotateTime: .seconds(9)))] },
            { $0.outputs = [.files(FileSettings(directory: directory, rotatePackets: 9))] },
            { $0.outputs = [.files(FileSettings(directory: directory, keepFiles: 9))] },
            { $0.outputs = [.files(FileSettings(directory: directory, keepBytes: 9))] },
            { $0.outputs = [.files(FileSettings(directory: directory, keepAge: .seconds(9)))] },
            { $0.outputs = [.files(FileSettings(directory: directory, keepPercent: 9))] },
        ]
        var seen: Set<String> = [mirror.fingerprint]
        for (place, change) in changes.enumerated() {
            var other = mirror
            try change(&other)
            #expect(seen.insert(other.fingerprint).inserted, "\(place)")
        }
        var same = mirror
        same.name = try MirrorName("n")
        same.engine = .tap
        same.until = Timestamp(secondsSince1970: 1)
        #expect(same.fingerprint == mirror.fingerprint)
    }
}
