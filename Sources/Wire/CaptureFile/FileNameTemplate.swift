internal import Notation

/// A pattern for the names of capture files: text, conversions of strftime(3), and fields in braces.
///
/// - `%Y %m %d %H %M %S` and the other conversions of ``conversions`` tell when the file was begun; names of days and
///   months are English. `%%` is a per cent sign.
/// - `{interface}` is the name of the interface, or what the log was given for it.
/// - `{seq}` is the file's number, `{seq:06}` the same with zeros up to six digits. `{{` and `}}` are braces.
///
/// The extension comes after all that, unless the pattern ends with it already. A pattern without `{seq}` gets `-1`,
/// `-2` … before the extension where the name is taken.
public struct FileNameTemplate: Hashable, Sendable, CustomStringConvertible {
    /// What is used where nothing is asked for.
    public static let defaultPattern = "{interface}-%Y%m%d-%H%M%S-{seq:06}"
    /// The letters that may follow a per cent sign.
    public static let conversions = "YCymdeHIMSjabABhpsFTzZuwk%"
    /// Bytes that a file's name may have (`NAME_MAX`, linux/limits.h).
    public static let mostBytes = 255

    /// As it was written.
    public let pattern: String
    /// What names end with, such as `.pcapng.zst`; may be empty.
    public let fileExtension: String
    /// Whether names tell the file's number.
    public let hasSequence: Bool
    private let parts: [Part]

    private enum Part: Hashable, Sendable {
        case text(String)
        case time(Character)
        case interface
        case sequence(width: Int)
    }

    /// A template of a pattern.
    /// - Throws: ``TemplateError`` if the pattern has what can't be in a name, or what nobody knows.
    public init(_ pattern: String = defaultPattern, fileExtension: String) throws(TemplateError) {
        self.pattern = pattern
        self.fileExtension = fileExtension
        var body = pattern[...]
        if !fileExtension.isEmpty, body.hasSuffix(fileExtension) { body = body.dropLast(fileExtension.count) }
        guard !body.isEmpty else { throw TemplateError(pattern, "is empty") }
        parts = try Self.parse(body, pattern)
        hasSequence = parts.contains { if case .sequence = $0 { true } else { false } }
        guard !body.hasPrefix(".") else {
            throw TemplateError(pattern, "begins with a dot, as the names of files do that aren't complete yet")
        }
    }

    /// As it was written.
    public var description: String { pattern }

    /// The name of the file number `sequence`, that was begun at a time.
    /// - Parameter attempt: how many names before this one were taken; patterns with `{seq}` don't need it.
    /// - Throws: ``TemplateError`` if the name is longer than a file system takes, also with the mark of hidden files, or
    ///   the interface's name can't be in it.
    public func name(
        at time: FileTime, interface: String, sequence: UInt64, attempt: UInt64 = 0
    ) throws(TemplateError) -> String {
        var name = ""
        for part in parts {
            switch part {
            case .text(let text): name += text
            case .time(let letter): name += Self.convert(letter, time)
            case .interface: name += interface
            case .sequence(let width): name += sequence.digits(width)
            }
        }
        if attempt > 0, !hasSequence { name += "-\(attempt)" }
        name += fileExtension
        try check(name)
        return name
    }

    /// What a file is called until it is complete.
    public static func hiddenName(for name: String) -> String { ".\(name).part" }

    private func check(_ name: String) throws(TemplateError) {
        if let fault = Self.fault(in: name[...]) {
            throw TemplateError(pattern, "gives the name '\(name)', which \(fault)")
        }
        guard !name.hasPrefix(".") else { throw TemplateError(pattern, "gives the hidden name '\(name)'") }
        let length = Self.hiddenName(for: name).utf8.count
        guard length <= Self.mostBytes else {
            throw TemplateError(
                pattern, "gives names of \(length) bytes while they are hidden; file systems take \(Self.mostBytes)")
        }
    }

    private static func fault(in text: Substring) -> String? {
        if text.utf8.contains(UInt8(ascii: "/")) { return "has a '/': files go into one directory" }
        if text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
            return "has a control character"
        }
        return nil
    }

    private static func parse(_ body: Substring, _ pattern: String) throws(TemplateError) -> [Part] {
        if let fault = fault(in: body) { throw TemplateError(pattern, fault) }
        var parts: [Part] = []
        var text = ""
        var rest = body
        while let next = rest.popFirst() {
            switch next {
            case "%":
                guard let letter = rest.popFirst() else {
                    throw TemplateError(pattern, "ends with '%'; a per cent sign is '%%'")
                }
                guard conversions.contains(letter) else {
                    throw TemplateError(pattern, "has '%\(letter)'; known are % and one of \(conversions)")
                }
                parts += [.text(text), .time(letter)]
                text = ""
            case "{" where rest.first == "{", "}" where rest.first == "}":
                text.append(next)
                rest = rest.dropFirst()
            case "{":
                guard let end = rest.firstIndex(of: "}") else {
                    throw TemplateError(pattern, "has a '{' without '}'; a brace alone is '{{'")
                }
                parts += [.text(text), try field(rest[..<end], pattern)]
                text = ""
                rest = rest[rest.index(after: end)...]
            case "}": throw TemplateError(pattern, "has a '}' without '{'; a brace alone is '}}'")
            default: text.append(next)
            }
        }
        return (parts + [.text(text)]).filter { $0 != .text("") }
    }

    private static func field(_ name: Substring, _ pattern: String) throws(TemplateError) -> Part {
        if name == "interface" { return .interface }
        if name == "seq" { return .sequence(width: 0) }
        if name.hasPrefix("seq:"), let width = Int(name.dropFirst(4)), (1...20).contains(width) {
            return .sequence(width: width)
        }
        throw TemplateError(
            pattern, "has '{\(name)}'; known are {interface}, {seq}, {seq:06} and other widths up to 20")
    }

    /// As strftime(3) does in the C locale.
    private static func convert(_ letter: Character, _ time: FileTime) -> String {
        let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        let date = time.date
        switch letter {
        case "Y": return String(date.year)
        case "C": return (date.year / 100).digits(2)
        case "y": return (date.year % 100).digits(2)
        case "m": return date.month.digits(2)
        case "d": return date.day.digits(2)
        case "e": return date.day.digits(2, filling: " ")
        case "H": return time.hour.digits(2)
        case "k": return time.hour.digits(2, filling: " ")
        case "I": return ((time.hour + 11) % 12 + 1).digits(2)
        case "M": return time.minute.digits(2)
        case "S": return time.second.digits(2)
        case "j": return date.dayOfYear.digits(3)
        case "a": return String(days[time.weekday].prefix(3))
        case "A": return days[time.weekday]
        case "b", "h": return String(months[Int(date.month) - 1].prefix(3))
        case "B": return months[Int(date.month) - 1]
        case "p": return time.hour < 12 ? "AM" : "PM"
        case "s": return String(time.seconds)
        case "F": return "\(date.year)-\(date.month.digits(2))-\(date.day.digits(2))"
        case "T": return "\(time.hour.digits(2)):\(time.minute.digits(2)):\(time.second.digits(2))"
        case "z":
            let minutes = abs(time.offset) / 60
            return (time.offset < 0 ? "-" : "+") + (minutes / 60).digits(2) + (minutes % 60).digits(2)
        case "Z": return time.zone
        case "u": return String((time.weekday + 6) % 7 + 1)
        case "w": return String(time.weekday)
        default: return "%"
        }
    }
}

/// Why a pattern can't name files.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The pattern.
    public let pattern: String
    /// What is wrong with it, as a verb phrase: "is empty".
    public let fault: String

    init(_ pattern: String, _ fault: String) {
        self.pattern = pattern
        self.fault = fault
    }

    /// In a sentence.
    public var description: String { "the name template '\(pattern)' \(fault)" }
}
