import CaptureFile
import Glibc
import RandomNumbers
import Testing

@Suite struct FileNameTemplateTests {
    private static let christmas = FileTime(seconds: 1_703_505_600)  // 2023-12-25T12:00:00Z, a Monday

    private static func name(_ pattern: String, _ fileExtension: String = ".pcapng") throws -> String {
        try FileNameTemplate(pattern, fileExtension: fileExtension).name(at: christmas, interface: "eth0", sequence: 7)
    }

    @Test("The default tells interface, time and number") func defaultName() throws {
        #expect(try Self.name(FileNameTemplate.defaultPattern) == "eth0-20231225-120000-000007.pcapng")
    }

    @Test(
        "Fields, braces and per cent signs",
        arguments: [
            ("{interface}", "eth0.pcapng"), ("a{seq}b", "a7b.pcapng"), ("{seq:1}", "7.pcapng"),
            ("{seq:20}", "00000000000000000007.pcapng"), ("{{seq}}", "{seq}.pcapng"), ("100%%", "100%.pcapng"),
            ("x.pcapng", "x.pcapng"), ("%s", "1703505600.pcapng"), ("%a %A %b %B", "Mon Monday Dec December.pcapng"),
            ("%I%p", "12PM.pcapng"), ("%Z%z", "UTC+0000.pcapng"), ("ü%Y", "ü2023.pcapng"),
        ])
    func fields(pattern: String, name: String) throws {
        #expect(try Self.name(pattern) == name)
    }

    @Test("An extension may be missing, as daemonlogger's are") func noExtension() throws {
        #expect(try Self.name("daemonlogger.pcap.%s", "") == "daemonlogger.pcap.1703505600")
    }

    @Test(
        "What can't be in a name, or nobody knows, is refused with words",
        arguments: [
            ("", "is empty"), (".pcapng", "is empty"), ("a/b", "has a '/'"), ("%D", "has '%D'"), ("%Q", "has '%Q'"),
            ("%", "ends with '%'"), ("{name}", "has '{name}'"), ("{seq:0}", "has '{seq:0}'"),
            ("{seq:21}", "has '{seq:21}'"), ("{seq", "without '}'"), ("a}", "without '{'"),
            ("a\nb", "control character"),
            ("a\0b", "control character"), (".hidden", "begins with a dot"),
        ])
    func refused(pattern: String, words: String) {
        #expect {
            try FileNameTemplate(pattern, fileExtension: ".pcapng")
        } throws: {
            "\($0)".contains(words)
        }
    }

    @Test("Names that a file system doesn't take are refused, with the mark of hidden files counted") func length()
        throws
    {
        // A dot before and ".part" behind, and the extension.
        let longest = 255 - 6 - ".pcap.zst".utf8.count
        let fits = try FileNameTemplate(String(repeating: "x", count: longest), fileExtension: ".pcap.zst")
        let name = try fits.name(at: Self.christmas, interface: "a", sequence: 1)
        #expect(FileNameTemplate.hiddenName(for: name).utf8.count == 255)
        #expect(throws: TemplateError.self) {
            try fits.name(at: Self.christmas, interface: "a", sequence: 1, attempt: 1)
        }
        let template = try FileNameTemplate("{interface}", fileExtension: "")
        for interface in ["a/b", ".a", "a\nb"] {
            #expect(throws: TemplateError.self) {
                try template.name(at: Self.christmas, interface: interface, sequence: 1)
            }
        }
    }

    @Test("Conversions are strftime's", arguments: 0..<300 as Range<UInt64>) func conversions(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let seconds = Int64.random(in: -2_208_988_800...32_503_679_999, using: &numbers)  // 1900 to 2999
        let offset =
            Int.random(in: -12...14, using: &numbers) * 3600 + ([0, 1800, 2700].randomElement(using: &numbers) ?? 0)
        var time = time_t(seconds + Int64(offset))
        var broken = tm()
        gmtime_r(&time, &broken)
        let time2 = FileTime(seconds: seconds, offset: offset, zone: "XYZ")
        for letter in FileNameTemplate.conversions where !"szZ".contains(letter) {
            var text = [CChar](repeating: 0, count: 64)
            strftime(&text, 64, "x%\(letter)", &broken)
            let expected = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let name = try FileNameTemplate("x%\(letter)", fileExtension: "").name(
                at: time2, interface: "a", sequence: 1)
            #expect(name == expected, "%\(letter) at \(seconds) \(offset)")
        }
    }

    @Test("Names differ by number, or by attempt where the pattern has no number") func distinct() throws {
        for pattern in [FileNameTemplate.defaultPattern, "%s", "fixed", "{seq}", "%H{seq:3}"] {
            let template = try FileNameTemplate(pattern, fileExtension: ".pcap")
            let names = try (0..<2000 as Range<UInt64>).map {
                try template.name(
                    at: Self.christmas, interface: "a", sequence: template.hasSequence ? $0 : 0,
                    attempt: template.hasSequence ? 0 : $0)
            }
            #expect(Set(names).count == 2000)
        }
        #expect(
            try FileNameTemplate("a", fileExtension: ".pcap").name(
                at: Self.christmas, interface: "a", sequence: 9, attempt: 2) == "a-2.pcap")
    }
}
