import MirrorModel

/// Makes mirrors of a file's nodes, and collects what is wrong with them.
struct ConfigReader {
    let now: Timestamp
    let columns: CharacterColumns
    private(set) var problems: [Problem] = []
    private(set) var mirrors: [ParsedMirror] = []
    /// How many more names are taken out of short lists, which aliases can multiply.
    private var namesLeft = 1_000_000

    init(now: Timestamp, columns: CharacterColumns) {
        self.now = now
        self.columns = columns
    }

    /// Reads the whole file.
    mutating func readFile(_ root: YAMLNode) {
        guard case .mapping(let entries) = root.value else {
            return report(root.mark, "expected 'version' and 'mirrors'; found \(root.described)")
        }
        let known = ["version", "mirrors"]
        for key in known where !entries.contains(where: { $0.key == key }) {
            report(root.mark, key == "version" ? "'version: 1' is missing" : "'mirrors' is missing")
        }
        for entry in entries {
            switch entry.key {
            case "version":
                // Of a file of another time nothing more can be said.
                guard readVersion(entry.node) else { return }
            case "mirrors": break
            default: reportUnknown(entry, known)
            }
        }
        for entry in entries where entry.key == "mirrors" { readMirrors(entry.node) }
    }

    /// False if it is a number other than 1.
    private mutating func readVersion(_ node: YAMLNode) -> Bool {
        guard case .scalar(let text, isPlain: true) = node.value, UInt64(text) != nil else {
            report(node.mark, "'version' has to be the number 1; found \(node.described)")
            return true
        }
        if text == "1" { return true }
        report(node.mark, "version \(quoted(text)) isn't supported; this program reads version 1")
        return false
    }

    private mutating func readMirrors(_ node: YAMLNode) {
        guard case .mapping(let entries) = node.value else {
            return report(
                node.mark, "'mirrors' has to map names to mirrors ('mirrors: {}' for none); found \(node.described)")
        }
        for entry in entries { readMirror(entry) }
    }

    private mutating func readMirror(_ entry: YAMLEntry) {
        let name = name(entry.key, entry.keyMark, MirrorName.init)
        guard case .mapping(let entries) = entry.node.value else {
            let mark = entry.node.isNull ? entry.keyMark : entry.node.mark
            return report(mark, "\(quoted(entry.key)) has to have 'from' and 'to'; found \(entry.node.described)")
        }
        var reader = MirrorKeys()
        for key in ["from", "to"] where !entries.contains(where: { $0.key == key }) {
            report(
                entry.keyMark,
                "\(quoted(entry.key)) has no '\(key)', "
                    + (key == "from" ? "which says what is watched" : "which says where copies go"))
        }
        for entry in entries {
            reader.positions[entry.key] = columns.position(entry.node.mark)
            readKey(entry, &reader)
        }
        guard problems.isEmpty, let name else { return }
        let mirror = reader.mirror(name)
        for problem in mirror.problems {
            let place = entries.first { $0.key == problem.key }?.node.mark ?? entry.keyMark
            report(place, problem.description)
        }
        mirrors.append(
            ParsedMirror(
                mirror: mirror, position: columns.position(entry.keyMark), positions: reader.positions))
    }

    // MARK: For the other files of this type

    mutating func report(_ mark: Mark, _ message: String) { problems.append(Problem(mark: mark, message: message)) }

    mutating func reportUnknown(_ entry: YAMLEntry, _ known: [String]) {
        if entry.key == "<<" {
            report(entry.keyMark, "merging with '<<' isn't supported; an alias can stand for a key's whole value")
        } else {
            report(
                entry.keyMark,
                "unknown key \(quoted(entry.key))" + suggestion(for: entry.key, among: known, called: "keys"))
        }
    }

    /// Counts a name of a short list. False, after a report, if there are too many.
    mutating func spend(_ mark: Mark) -> Bool {
        guard namesLeft > 0 else { return false }
        namesLeft -= 1
        if namesLeft == 0 { report(mark, "too much: aliases make the file more than 1,000,000 names") }
        return namesLeft > 0
    }

    /// A mirror's or port's name, if it can be one.
    mutating func name<Name>(_ text: String, _ mark: Mark, _ make: (String) throws(NameError) -> Name) -> Name? {
        do {
            return try make(text)
        } catch {
            report(mark, "\(quoted(text)) can't be \(error.kind): \(error.problem)")
            return nil
        }
    }
}

/// The keys of a mirror as they are found.
struct MirrorKeys {
    static let known = [
        "from", "to", "vlans", "filter", "sample", "snaplen", "spread", "engine", "reserve", "keep-offloads", "until",
        "for",
    ]

    var sources: [Source] = []
    var outputs: [Output] = []
    var vlans: VLANSet?
    var filter: String?
    var sample: UInt32?
    var snaplen: UInt32?
    var spread: Bool?
    var engine: EngineName?
    var reserve: Bool?
    var keepOffloads: Bool?
    var until: Timestamp?
    var positions: [String: Position] = [:]

    func mirror(_ name: MirrorName) -> Mirror {
        Mirror(
            name: name, sources: sources, outputs: outputs, vlans: vlans, filter: filter, sample: sample ?? 1,
            snaplen: snaplen, spread: spread ?? false, engine: engine, reserve: reserve ?? false,
            keepOffloads: keepOffloads ?? false, until: until)
    }
}
