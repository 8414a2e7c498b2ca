import MirrorConfig
import MirrorModel
import RandomNumbers
import Testing

@Suite struct EditConfigTests {
    private static let lab = """
        # Rack 7. Ask Ute before you change anything.
        version: 1

        mirrors:   # in order of importance
          # the IDS
          ids:
            to: vnet2     # the sensor
            # both VMs of the shop
            from:
              - vnet0   # web
              - port: 'vnet1'
                direction: egress
            filter: >-
              tcp port 80
              or tcp port 443

            # sample: 10
          lan: {from: [br-a], to: mon0}
          # nothing below

        """

    private func edited(_ text: String, put: Mirror..., remove: String...) throws -> String? {
        try editConfig(
            text, file: "lab.yaml", now: now, put: put, remove: Set(try remove.map { try MirrorName($0) }))
    }

    private func mirror(_ name: String, in text: String = lab) throws -> Mirror {
        try #require(try mirrors(text).first { $0.name.description == name })
    }

    private func refusal(_ text: String, put: Mirror..., remove: String...) throws -> String? {
        do throws(ConfigError) {
            _ = try editConfig(
                text, file: "lab.yaml", now: now, put: put, remove: Set(remove.compactMap { try? MirrorName($0) }))
            return nil
        } catch {
            return error.description
        }
    }

    @Test("One key is changed, and everything else stays as it is written")
    func oneKey() throws {
        var ids = try mirror("ids")
        ids.outputs = [.port(try PortName("vnet9"))]
        #expect(try edited(Self.lab, put: ids) == Self.lab.replacing("to: vnet2 ", with: "to: vnet9 "))
        ids.outputs.append(.vlan(12, bridge: try PortName("br0")))
        #expect(
            try edited(Self.lab, put: ids)
                == Self.lab.replacing(
                    "to: vnet2     #",
                    with: "to:\n      - port: vnet9\n      - vlan: 12\n        bridge: br0     #"))
    }

    @Test("A list that changes keeps its comments, above its key")
    func commentsInAList() throws {
        var ids = try mirror("ids")
        ids.sources.removeLast()
        let text = try #require(try edited(Self.lab, put: ids))
        #expect(
            text.contains(
                """
                    # both VMs of the shop
                    # web
                    from:
                      - port: vnet0
                    filter: >-
                """))
        #expect(try mirrors(text).first == ids)
    }

    @Test("Keys come and go without their neighbours")
    func keysComeAndGo() throws {
        var ids = try mirror("ids")
        ids.filter = nil
        ids.sample = 10
        ids.until = now
        let text = try #require(try edited(Self.lab, put: ids))
        #expect(
            text.contains(
                "        direction: egress\n    sample: 10\n    until: 2023-11-14T22:13:20Z\n\n    # sample: 10\n  lan:"
            ))
        #expect(try mirrors(text).first == ids)
    }

    @Test("A new mirror comes after the last and what is said of it")
    func appended() throws {
        var new = try mirror("ids")
        new.name = try MirrorName("new")
        new.filter = nil
        let text = try #require(try edited(Self.lab, put: new))
        #expect(
            text
                == Self.lab + """

                      new:
                        from:
                          - port: vnet0
                          - port: vnet1
                            direction: egress
                        to:
                          - port: vnet2

                    """)
        #expect(try edited(text, remove: "new") == Self.lab)
    }

    @Test("A mirror goes with its lines and no others; the last takes the file along")
    func removed() throws {
        #expect(
            try edited(Self.lab, remove: "lan") == Self.lab.replacing("  lan: {from: [br-a], to: mon0}\n", with: ""))
        let text = try #require(try edited(Self.lab, remove: "ids"))
        #expect(
            text == """
                # Rack 7. Ask Ute before you change anything.
                version: 1

                mirrors:   # in order of importance
                  # the IDS
                    # sample: 10
                  lan: {from: [br-a], to: mon0}
                  # nothing below

                """)
        #expect(try edited(Self.lab, remove: "ids", "lan") == nil)
    }

    @Test("A time from now becomes the point in time that it means, in its place")
    func relative() throws {
        let text = file("from: a  # x", "for: 10m  # not long", "to: b")
        let old = try #require(try mirrors(text).first)
        #expect(old.until != nil)
        #expect(
            try edited(text, put: old)
                == file("from: a  # x", "until: 2023-11-14T22:23:20Z  # not long", "to: b"))
    }

    @Test("What is written in flow style is changed where nothing is lost by it, and else refused with the way out")
    func flow() throws {
        let json = #"{"version": 1, "mirrors": {"m": {"from": ["a"], "to": ["b"]}, "n": {"from": ["c"], "to": ["b"]}}}"#
        #expect(try edited(json, remove: "m").map { try mirrors($0) } == [try mirror("n", in: json)])
        let commented = json + "  # mine\n"
        #expect(
            try refusal(commented, remove: "m") ?? ""
                == "lab.yaml:1:28: error: mirror m can't be changed here by itself: it is written in flow style ({…}), "
                + "and the file's comments would be lost; change the file with an editor, then run 'portmirror apply'")
        var lan = try mirror("lan")
        lan.snaplen = 100
        let refused = try #require(try refusal(Self.lab, put: lan))
        #expect(refused.hasPrefix("lab.yaml:18:3: error: mirror lan can't be changed"), "\(refused)")
        let empty = "version: 1\nmirrors: {}  # none yet\n"
        let text = try #require(try edited(empty, put: lan))
        #expect(text == "version: 1\nmirrors:  # none yet\n" + rendered(lan))
    }

    private func rendered(_ mirror: Mirror) -> String {
        String(renderConfig([mirror]).dropFirst("version: 1\nmirrors:\n".count))
    }

    @Test("What others refer to isn't changed under them")
    func anchors() throws {
        let text = """
            version: 1
            mirrors:
              a:
                from: &watched [x, y]
                to: &sensor s
              b:
                from: *watched
                to: *sensor
              c: &whole
                from: z
                to: *sensor

            """
        var a = try mirror("a", in: text)
        a.outputs = [.port(try PortName("t"))]
        let reason = "can't be changed here by itself: anchors and aliases tie it to other parts of the file"
        #expect(try refusal(text, put: a)?.contains("lab.yaml:3:3: error: mirror a \(reason)") == true)
        #expect(try refusal(text, remove: "a")?.contains("lab.yaml:3:3: error: mirror a \(reason)") == true)
        var b = try mirror("b", in: text)
        b.outputs = [.port(try PortName("t"))]
        #expect(try edited(text, put: b) == text.replacing("to: *sensor\n  c", with: "to: t\n  c"))
        #expect(try edited(text, remove: "c").map { try mirrors($0).count } == 2)
    }

    @Test(
        "Line ends, byte order mark, document marks and a missing last line end stay",
        arguments: ["\n", "\r\n", "\r"], [false, true])
    func frame(lineBreak: String, hasLastEnd: Bool) throws {
        let lines = ["---", "version: 1", "mirrors:", "    a:", "        from: x", "        to: y # z"]
        let text = "\u{feff}" + lines.joined(separator: lineBreak) + (hasLastEnd ? lineBreak + "..." + lineBreak : "")
        var a = try mirror("a", in: text)
        a.outputs = [.port(try PortName("t"))]
        let changed = try #require(try edited(text, put: a))
        #expect(Array(changed.utf8) == Array(text.replacing("to: y", with: "to: t").utf8))
        a.name = try MirrorName("b")
        let longer = try #require(try edited(text, put: a))
        #expect(Array(longer.utf8).starts(with: Array(text.utf8).prefix(while: { $0 != UInt8(ascii: "#") })))
        let ends = longer.unicodeScalars.split { $0 != "\r" && $0 != "\n" }.map { String(Substring($0)) }
        #expect(ends.allSatisfy { $0 == lineBreak || $0 == lineBreak + lineBreak }, "\(ends)")
        #expect(try mirrors(longer).map(\.name.description) == ["a", "b"])
        if hasLastEnd { #expect(longer.hasSuffix("..." + lineBreak)) }
        a.snaplen = 99
        #expect(try mirrors(try #require(try edited(longer, put: a))).last == a)
    }

    // MARK: Random files

    @Test("In 2,000 random files each edit changes what it is to change, and not one byte of the rest")
    func random() throws {
        for seed in 0..<2_000 as Range<UInt64> {
            var file = RandomFile(seed)
            try file.check()
        }
    }
}

/// A file written in some person's style, of pieces of which it is known what they are.
private struct RandomFile {
    private var generator: SeededNumbers
    private let seed: UInt64
    private let lineBreak: String
    private let indent: Int
    private let step: Int
    private var header = ""
    private var entries: [(mirror: Mirror, text: String)] = []
    /// What stands before each entry, and after the last.
    private var gaps: [String] = []
    private var footer = ""
    private var isAfterBlock = false

    init(_ seed: UInt64) {
        self.seed = seed
        generator = SeededNumbers(seed)
        lineBreak = ["\n", "\n", "\r\n"].randomElement(using: &generator) ?? "\n"
        indent = Int.random(in: 1...4, using: &generator)
        step = Int.random(in: 1...4, using: &generator)
    }

    private mutating func coin(_ of: Int = 2) -> Bool { Int.random(in: 0..<of, using: &generator) == 0 }

    private mutating func comment() -> String {
        coin(3) ? " # c\(Int.random(in: 0..<1_000_000, using: &generator)): it's \"{é&*" : ""
    }

    /// Lines that mean nothing.
    private mutating func chatter() -> String {
        var text = ""
        while coin(3) {
            // After a block scalar, what is indented belongs to it.
            let indent = isAfterBlock ? 0 : Int.random(in: 0...8, using: &generator)
            text += coin() ? "" : String(repeating: " ", count: indent) + "#" + comment()
            text += lineBreak
        }
        return text
    }

    private mutating func port() -> String { "p\(Int.random(in: 0..<1_000, using: &generator))" }

    private mutating func randomMirror(_ name: String) throws -> Mirror {
        var mirror = Mirror(
            name: try MirrorName(name), sources: [], outputs: [])
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let source =
                coin(4)
                ? Source.bridge(try PortName(port()))
                : .port(try PortName(port()), Direction.allCases.randomElement(using: &generator) ?? .both)
            if !mirror.sources.contains(source) { mirror.sources.append(source) }
        }
        for _ in 0..<Int.random(in: 1...2, using: &generator) {
            let output = Output.port(try PortName(port()))
            if !mirror.outputs.contains(output) { mirror.outputs.append(output) }
        }
        if coin() { mirror.filter = coin() ? "tcp port 80" : "it's # no: 'comment'" }
        if coin() { mirror.vlans = try VLANSet(parsing: coin() ? "10" : "10,20-29") }
        if coin() { mirror.sample = 7 }
        if coin() { mirror.reserve = true }
        return mirror
    }

    private mutating func quoted(_ text: String) -> String {
        if text.hasPrefix("bridge: ") { return "{ \(text) }" }
        let isPlain = text.utf8.allSatisfy {
            $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "'")
        }
        if isPlain, coin() { return text }
        return coin() ? "'" + text.replacing("'", with: "''") + "'" : "\"" + text + "\""
    }

    private mutating func written(_ mirror: Mirror) -> String {
        let outer = String(repeating: " ", count: indent)
        let inner = outer + String(repeating: " ", count: step)
        var text = outer + quoted(mirror.name.description) + (coin(4) ? " :" : ":") + comment() + lineBreak
        var keys: [String] = []
        keys.append(list("from", mirror.sources.map(Self.item), inner))
        keys.append(list("to", mirror.outputs.map(\.description), inner))
        if let filter = mirror.filter {
            keys.append(
                coin()
                    ? "\(inner)filter: \(quoted(filter))\(comment())\(lineBreak)"
                    : "\(inner)filter: |-\(comment())\(lineBreak)\(inner)  \(filter)\(lineBreak)")
        }
        if let vlans = mirror.vlans {
            keys.append(
                coin()
                    ? "\(inner)vlans:   \(vlans)\(comment())\(lineBreak)"
                    : list("vlans", vlans.description.split(separator: ",").map(String.init), inner))
        }
        if mirror.sample > 1 { keys.append("\(inner)sample:\t\(mirror.sample)\(comment())\(lineBreak)") }
        if mirror.reserve { keys.append("\(inner)reserve: true\(comment())\(lineBreak)") }
        keys.shuffle(using: &generator)
        for (place, key) in keys.enumerated() {
            text += (place > 0 ? chatter() : "") + key
            isAfterBlock = key.contains("filter: |-")
        }
        return text
    }

    private static func item(_ source: Source) -> String {
        if case .bridge(let name) = source { "bridge: \(name)" } else { source.description }
    }

    private mutating func list(_ key: String, _ items: [String], _ inner: String) -> String {
        if items.count == 1, coin() { return "\(inner)\(key): \(quoted(items[0]))\(comment())\(lineBreak)" }
        if coin(4) {
            return
                "\(inner)\(key): [\(items.map { $0.hasPrefix("bridge: ") ? "{\($0)}" : "\"\($0)\"" }.joined(separator: ", "))]\(comment())\(lineBreak)"
        }
        var text = "\(inner)\(key):\(comment())\(lineBreak)"
        let space = inner + String(repeating: " ", count: Int.random(in: 0...2, using: &generator))
        for (place, item) in items.enumerated() {
            if place > 0, coin(4) { text += chatter() }
            text += "\(space)- \(quoted(item))\(comment())\(lineBreak)"
        }
        return text
    }

    mutating func check() throws {
        header = (coin(4) ? "---" + lineBreak : "") + chatter()
        let versionLast = coin(4)
        if !versionLast { header += "version: 1" + comment() + lineBreak + chatter() }
        header += "mirrors:" + comment() + lineBreak
        for number in 0..<Int.random(in: 1...4, using: &generator) {
            let mirror = try randomMirror("m\(number)")
            gaps.append(chatter())
            entries.append((mirror, written(mirror)))
        }
        gaps.append(chatter())
        footer = (versionLast ? "version: 1" + comment() + lineBreak : "") + (coin(4) ? "..." + lineBreak : "")
        let body = zip(gaps, entries.map(\.text)).map { $0 + $1 }.joined() + (gaps.last ?? "")
        let text = header + body + footer
        try require(try mirrors(text) == entries.map(\.mirror), "the file itself", text, "")
        let place = Int.random(in: 0..<entries.count, using: &generator)
        let before = header + zip(gaps, entries.map(\.text)).prefix(place).map { $0 + $1 }.joined() + gaps[place]
        let after =
            entries[place...].dropFirst().indices.map { gaps[$0] + entries[$0].text }.joined() + (gaps.last ?? "")
            + footer
        try checkPut(text, place, before, after)
        try checkRemove(text, place, before, after)
        try checkAppend(text)
    }

    private func require(_ isRight: Bool, _ what: String, _ text: String, _ changed: String) throws {
        try #require(isRight, "seed \(seed), \(what):\n\(text)\n→\n\(changed)")
    }

    /// nil where indented comments that come next would become part of a block scalar before them: that is refused.
    private func edited(
        _ text: String, _ before: String, put: [Mirror] = [], remove: Set<MirrorName> = []
    ) throws -> String? {
        let outcome = Result { () throws(ConfigError) in
            try editConfig(text, file: "f", now: now, put: put, remove: remove)
        }
        if case .failure(let error) = outcome, before.contains("filter: |-"),
            error.description.contains("what is written around it would mean something else")
        {
            return nil
        }
        let changed = try outcome.get()
        try require(changed != nil, "something is left", text, "")
        return changed
    }

    private mutating func checkPut(_ text: String, _ place: Int, _ before: String, _ after: String) throws {
        let wanted = try randomMirror(entries[place].mirror.name.description)
        guard let changed = try edited(text, entries[place].text, put: [wanted]) else { return }
        var all = entries.map(\.mirror)
        all[place] = wanted
        try require(try mirrors(changed) == all, "mirrors", text, changed)
        try require(changed.utf8.starts(with: before.utf8), "what is before", text, changed)
        try require(changed.utf8.reversed().starts(with: after.utf8.reversed()), "what is after", text, changed)
        for line in entries[place].text.split(whereSeparator: \.isNewline) {
            let content = line.drop { $0 == " " }
            if content.first == "#", content.count > 2 {
                try require(changed.contains(content), "comment \(content)", text, changed)
            }
        }
        let again = try editConfig(changed, file: "f", now: now, put: [wanted])
        try require(again.map { Array($0.utf8) } == Array(changed.utf8), "no change", changed, again ?? "")
    }

    private func checkRemove(_ text: String, _ place: Int, _ before: String, _ after: String) throws {
        let name = entries[place].mirror.name
        guard entries.count > 1 else {
            #expect(try editConfig(text, file: "f", now: now, remove: [name]) == nil)
            return
        }
        guard let changed = try edited(text, place > 0 ? entries[place - 1].text : "", remove: [name]) else { return }
        try require(try mirrors(changed) == entries.map(\.mirror).filter { $0.name != name }, "mirrors", text, changed)
        // At most one blank line beside it goes along.
        let without = [before + after, before.dropLast() + after, before + after.dropFirst()]
        let same = zip((before + after).utf8, changed.utf8).prefix { $0 == $1 }.count
        try require(
            without.contains { $0.utf8.elementsEqual(changed.utf8) }, "the rest from byte \(same)",
            String(before + after).debugDescription, changed.debugDescription)
    }

    private mutating func checkAppend(_ text: String) throws {
        let new = try randomMirror("new")
        let changed = try #require(try editConfig(text, file: "f", now: now, put: [new]), "seed \(seed)")
        try require(try mirrors(changed) == entries.map(\.mirror) + [new], "mirrors", text, changed)
        let common = zip(text.utf8, changed.utf8).prefix { $0 == $1 }.count
        let rest = text.utf8.dropFirst(common)
        try require(changed.utf8.reversed().starts(with: rest.reversed()), "what is after", text, changed)
        let tail = (gaps.last ?? "").utf8.count + footer.utf8.count
        try require(common >= text.utf8.count - tail, "what is before", text, changed)
        let back = try editConfig(changed, file: "f", now: now, remove: [new.name])
        try require(back.map { Array($0.utf8) } == Array(text.utf8), "there and back", text, back ?? "")
    }
}
