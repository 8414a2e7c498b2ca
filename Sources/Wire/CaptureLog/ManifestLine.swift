/// A line of a log's manifest: something that happened to a file of its own.
///
/// `CHECKSUM WORD NUMBERS… NAME`, with the rest of the line's FNV-1a checksum first, in eight hexadecimal digits. A line
/// that was torn, or of a later version, doesn't count.
enum ManifestLine: Hashable {
    /// A name was chosen; the file will be made under its hidden name.
    case begun(name: String, sequence: UInt64)
    /// The hidden file was made.
    case made(name: String, inode: UInt64)
    /// The file is complete: it gets its name next.
    case complete(name: String, inode: UInt64, size: UInt64, time: Int64)
    /// The complete file has got its name.
    case named(inode: UInt64)
    /// The file was removed, or nothing came of it.
    case gone(name: String, inode: UInt64)
    /// Numbers of files go on from here.
    case next(sequence: UInt64)

    /// With its end.
    var text: String {
        let rest =
            switch self {
            case .begun(let name, let sequence): "begun \(sequence) \(name)"
            case .made(let name, let inode): "made \(inode) \(name)"
            case .complete(let name, let inode, let size, let time): "complete \(inode) \(size) \(time) \(name)"
            case .named(let inode): "named \(inode)"
            case .gone(let name, let inode): "gone \(inode) \(name)"
            case .next(let sequence): "next \(sequence)"
            }
        return "\(Self.checksum(rest)) \(rest)\n"
    }

    /// A line without its end; nil if it doesn't count.
    init?(_ line: Substring) {
        guard let space = line.firstIndex(of: " ") else { return nil }
        let rest = line[line.index(after: space)...]
        guard line[..<space] == Self.checksum(rest) else { return nil }
        var fields = Fields(rest: rest)
        switch fields.word() {
        case "begun":
            guard let sequence = fields.number(), let name = fields.name() else { return nil }
            self = .begun(name: name, sequence: sequence)
        case "made":
            guard let inode = fields.number(), let name = fields.name() else { return nil }
            self = .made(name: name, inode: inode)
        case "complete":
            guard let inode = fields.number(), let size = fields.number(), let time = Int64(fields.word()),
                let name = fields.name()
            else { return nil }
            self = .complete(name: name, inode: inode, size: size, time: time)
        case "named":
            guard let inode = fields.number() else { return nil }
            self = .named(inode: inode)
        case "gone":
            guard let inode = fields.number(), let name = fields.name() else { return nil }
            self = .gone(name: name, inode: inode)
        case "next":
            guard let sequence = fields.number() else { return nil }
            self = .next(sequence: sequence)
        default: return nil
        }
    }

    private struct Fields {
        var rest: Substring

        mutating func word() -> Substring {
            let word = rest.prefix { $0 != " " }
            rest = rest.dropFirst(word.count + 1)
            return word
        }

        mutating func number() -> UInt64? { UInt64(word()) }

        /// What is left: a name that this could have given, in this directory and nowhere else.
        func name() -> String? {
            guard !rest.isEmpty, !rest.hasPrefix("."), !rest.utf8.contains(UInt8(ascii: "/")), !rest.utf8.contains(0)
            else { return nil }
            return String(rest)
        }
    }

    static func checksum(_ text: some StringProtocol) -> String {
        let hash = text.utf8.reduce(UInt32(0x811c_9dc5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
