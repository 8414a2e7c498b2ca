import MirrorModel

/// The keys of a mirror that hold lists: `from`, `to` and `vlans`.
extension ConfigReader {
    mutating func readSources(_ node: YAMLNode) -> [Source] {
        var seen: Set<Source> = []
        return items(node, "from", "a port, or a list of ports and bridges").flatMap { item in
            readSources(of: item).filter { source in
                if seen.insert(source).inserted { return true }
                report(item.mark, "'\(source)' is listed twice in 'from'")
                return false
            }
        }
    }

    mutating func readOutputs(_ node: YAMLNode) -> [Output] {
        var seen: Set<Output> = []
        return items(node, "to", "a port, or a list of ports").flatMap { item in
            readOutputs(of: item).filter { output in
                if seen.insert(output).inserted { return true }
                report(item.mark, "'\(output)' is listed twice in 'to'")
                return false
            }
        }
    }

    mutating func readVLANs(_ node: YAMLNode) -> VLANSet? {
        var ranges: [ClosedRange<UInt16>] = []
        for item in items(node, "vlans", "VLAN ids, as in 10,20-29 or [10, 20-29]") {
            guard let text = text(item, "vlans", "VLAN ids, as in 10,20-29") else { continue }
            do {
                ranges += try VLANSet(parsing: text).ranges
            } catch {
                report(item.mark, "VLAN \(quoted(error.text)): \(error.problem)")
            }
        }
        // Nothing valid was reported where it stands.
        return try? VLANSet(ranges)
    }

    /// The elements of a list, or the one value that stands for a list of itself.
    private mutating func items(_ node: YAMLNode, _ key: String, _ expected: String) -> [YAMLNode] {
        switch node.value {
        case .sequence(let elements):
            if elements.isEmpty { report(node.mark, "'\(key)' is empty; it has to be \(expected)") }
            return elements
        case .scalar where !node.isNull: return [node]
        case .mapping where key != "vlans": return [node]
        default:
            report(node.mark, "'\(key)' has to be \(expected); found \(node.described)")
            return []
        }
    }

    /// The names in a short list. What is longer than any such list is looked at as one name, and is none.
    private mutating func listed(_ text: String, _ mark: Mark) -> [String] {
        guard text.utf8.count <= 8192 else { return [text] }
        return parseList(text).filter { _ in spend(mark) }
    }

    private mutating func readSources(of item: YAMLNode) -> [Source] {
        switch item.value {
        case .scalar(let text, _) where !item.isNull:
            return listed(text, item.mark).compactMap { name($0, item.mark, parseSource) }
        case .mapping(let entries):
            return readSource(entries, item.mark).map { [$0] } ?? []
        default:
            report(item.mark, "expected a port, as in 'vnet0' or 'port: vnet0'; found \(item.described)")
            return []
        }
    }

    private mutating func readSource(_ entries: [YAMLEntry], _ mark: Mark) -> Source? {
        var port: PortName?
        var bridge: PortName?
        var direction: Direction?
        for entry in entries {
            switch entry.key {
            case "port": port = readPort(entry)
            case "bridge": bridge = readPort(entry)
            case "direction": direction = readDirection(entry.node)
            default: reportUnknown(entry, ["port", "bridge", "direction"])
            }
        }
        let has = { (key: String) in entries.first { $0.key == key } }
        switch (has("port"), has("bridge")) {
        case (nil, nil): report(mark, "expected 'port' or 'bridge'")
        case (_?, let other?): report(other.keyMark, "a source is a 'port' or a 'bridge'; make it two items")
        case (nil, _?):
            if let entry = has("direction") {
                report(entry.keyMark, "a bridge has no 'direction': every frame that enters it is copied, once")
            }
            return bridge.map(Source.bridge)
        case (_?, nil): return port.map { .port($0, direction ?? .both) }
        }
        return nil
    }

    private mutating func readOutputs(of item: YAMLNode) -> [Output] {
        switch item.value {
        case .scalar(let text, _) where !item.isNull:
            return listed(text, item.mark).compactMap { part in
                name(part, item.mark) { (text: String) throws(NameError) in try parseOutput(text) }
            }
        case .mapping(let entries):
            return readOutput(entries, item.mark).map { [$0] } ?? []
        default:
            report(item.mark, "expected a port, as in 'vnet2' or 'port: vnet2'; found \(item.described)")
            return []
        }
    }

    private mutating func readOutput(_ entries: [YAMLEntry], _ mark: Mark) -> Output? {
        if entries.contains(where: { $0.key == "files" }) { return readFiles(entries).map(Output.files) }
        if let entry = entries.first(where: { Self.fileKeys.contains($0.key) }) {
            report(entry.keyMark, "\(quoted(entry.key)) goes with 'files', the directory of capture files")
            return nil
        }
        var port: PortName?
        var bridge: PortName?
        var vlan: UInt16?
        for entry in entries {
            switch entry.key {
            case "port": port = readPort(entry)
            case "bridge": bridge = readPort(entry)
            case "vlan": vlan = number(entry.node, "vlan", 1...UInt32(outputVLANRange.upperBound)).map(UInt16.init)
            default: reportUnknown(entry, ["port", "vlan", "bridge", "files"])
            }
        }
        let has = { (key: String) in entries.first { $0.key == key } }
        if let entry = has("port") {
            if let other = has("vlan") ?? has("bridge") {
                report(other.keyMark, "an output is a 'port', or a 'vlan' of a 'bridge'; make it two items")
            }
            return entries.count == 1 && entry.key == "port" ? port.map(Output.port) : nil
        }
        switch (has("vlan"), has("bridge")) {
        case (nil, nil): report(mark, "expected 'port', 'vlan' and 'bridge', or 'files'")
        case (_?, nil): report(mark, "expected 'bridge': which bridge's VLAN gets the copies?")
        case (nil, _?): report(mark, "expected 'vlan': which VLAN of the bridge gets the copies?")
        case (_?, _?):
            guard let vlan, let bridge else { return nil }
            return .vlan(vlan, bridge: bridge)
        }
        return nil
    }

    private mutating func readPort(_ entry: YAMLEntry) -> PortName? {
        guard let text = text(entry.node, entry.key, "an interface's name (in quotes if it is a word like null)")
        else { return nil }
        return name(text, entry.node.mark, PortName.init)
    }

    private mutating func readDirection(_ node: YAMLNode) -> Direction? {
        let known = Direction.allCases.map(\.rawValue)
        guard let word = text(node, "direction", known.joined(separator: ", ")) else { return nil }
        if let direction = Direction(rawValue: word) { return direction }
        report(
            node.mark, "unknown direction \(quoted(word))" + suggestion(for: word, among: known, called: "directions"))
        return nil
    }
}
