import MirrorConfig
import MirrorModel
import Testing

@Suite struct ConfigErrorTests {
    @Test("a diagnostic reads as compilers' ones do, and an error has one a line")
    func description() {
        let text = complete("fliter: tcp", "sample: 0")
        let error = #expect(throws: ConfigError.self) { try parseConfig(text, file: "/etc/a.yaml", now: now) }
        #expect(
            error?.description == """
                /etc/a.yaml:6:5: error: unknown key 'fliter'; did you mean 'filter'?
                /etc/a.yaml:7:13: error: 'sample' has to be a number from 1 to 4294967295; found '0'
                """)
        #expect(error?.diagnostics.first?.line == 6)
        #expect(error?.diagnostics.first?.column == 5)
        #expect(
            ConfigDiagnostic(file: "f", position: Position(line: 1, column: 2), message: "a\nb\u{1b}").description
                == "f:1:2: error: a\\nb\\u{1B}")
    }

    @Test(
        "a file's own keys",
        arguments: [
            ("", ["1:1: the file is empty; it needs 'version' and 'mirrors'"]),
            ("# nothing\n", ["1:1: the file is empty; it needs 'version' and 'mirrors'"]),
            ("hello", ["1:1: expected 'version' and 'mirrors'; found 'hello'"]),
            ("- a", ["1:1: expected 'version' and 'mirrors'; found a list"]),
            ("\n{}", ["2:1: 'version: 1' is missing", "2:1: 'mirrors' is missing"]),
            ("mirrors: {}", ["1:1: 'version: 1' is missing"]), ("version: 1", ["1:1: 'mirrors' is missing"]),
            ("version: 2\nmirrors: 7", ["1:10: version '2' isn't supported; this program reads version 1"]),
            (
                "version: one\nmirrors: [a]",
                [
                    "1:10: 'version' has to be the number 1; found 'one'",
                    "2:10: 'mirrors' has to map names to mirrors ('mirrors: {}' for none); found a list",
                ]
            ),
            ("version: '1'\nmirrors: {}", ["1:10: 'version' has to be the number 1; found the text '1'"]),
            ("version: 1\nmirror: {}\nmirrors: {}", ["2:1: unknown key 'mirror'; did you mean 'mirrors'?"]),
            ("version: 1\nmirrors: {}\nx: 1", ["3:1: unknown key 'x'; the keys are version, mirrors"]),
            (
                "version: 1\nmirrors:\n",
                ["2:9: 'mirrors' has to map names to mirrors ('mirrors: {}' for none); found nothing"]
            ),
            (
                "version: 1\nmirrors: {}\n---\nversion: 1\n",
                ["4:1: a second document begins here; a file holds only one"]
            ),
        ])
    func file(_ text: String, _ expected: [String]) {
        #expect(problems(text) == expected)
    }

    @Test(
        "a mirror's keys",
        arguments: [
            ("fliter: tcp", "6:5: unknown key 'fliter'; did you mean 'filter'?"),
            ("keepOffloads: true", "6:5: unknown key 'keepOffloads'; did you mean 'keep-offloads'?"),
            (
                "colour: red",
                "6:5: unknown key 'colour'; the keys are from, to, vlans, filter, sample, snaplen, spread, engine, "
                    + "reserve, keep-offloads, until, for"
            ),
            ("<<: {}", "6:5: merging with '<<' isn't supported; an alias can stand for a key's whole value"),
            ("vlans: 4095", "6:12: VLAN '4095': VLAN ids are 0 (untagged) to 4094"),
            ("vlans: [1, 4095]", "6:16: VLAN '4095': VLAN ids are 0 (untagged) to 4094"),
            ("vlans: [1, {}]", "6:16: 'vlans' has to be VLAN ids, as in 10,20-29; found a mapping"),
            ("vlans: []", "6:12: 'vlans' is empty; it has to be VLAN ids, as in 10,20-29 or [10, 20-29]"),
            ("vlans: 9-3", "6:12: VLAN '9-3': the range runs backwards"),
            ("vlans:", "6:11: 'vlans' has to be VLAN ids, as in 10,20-29 or [10, 20-29]; found nothing"),
            ("filter:", "6:12: 'filter' has to be a pcap-filter expression; found nothing"),
            ("filter: [tcp]", "6:13: 'filter' has to be a pcap-filter expression; found a list"),
            ("sample: 0", "6:13: 'sample' has to be a number from 1 to 4294967295; found '0'"),
            ("sample: 4294967296", "6:13: 'sample' has to be a number from 1 to 4294967295; found '4294967296'"),
            ("sample: -1", "6:13: 'sample' has to be a number from 1 to 4294967295; found '-1'"),
            ("sample: 1.5", "6:13: 'sample' has to be a number from 1 to 4294967295; found '1.5'"),
            ("sample: '10'", "6:13: 'sample' has to be a number from 1 to 4294967295; found the text '10'"),
            ("snaplen: 13", "6:14: 'snaplen' has to be a number from 14 to 262144; found '13'"),
            ("snaplen: 262145", "6:14: 'snaplen' has to be a number from 14 to 262144; found '262145'"),
            (
                "snaplen: 0128",
                "6:14: 'snaplen' has to be a number from 14 to 262144, without leading zeros; found '0128'"
            ),
            ("engine: ct", "6:13: unknown engine 'ct'; did you mean 'tc'?"),
            ("engine: magic", "6:13: unknown engine 'magic'; the engines are auto, ovs, tc, tap"),
            ("reserve: yes", "6:14: 'reserve' has to be true or false; found 'yes'"),
            ("keep-offloads: 1", "6:20: 'keep-offloads' has to be true or false; found '1'"),
            (
                "until: tomorrow",
                "6:12: 'until': 'tomorrow': expected a date and time with its zone, as in 2026-12-01T12:00:00Z"
            ),
            ("until: 2026-02-29T12:00:00Z", "6:12: 'until': '2026-02-29T12:00:00Z': that month has no day 29"),
            ("for: 10", "6:10: 'for': '10': the unit is missing: s, m, h or d, as in 10m"),
            ("for: 0s", "6:10: 'for': '0s': a duration has to be longer than 0"),
            ("for: 9999999d", "6:10: 'for': '9999999d': the duration is too long: at most 36500d"),
            ("for: {}", "6:10: 'for' has to be a duration, as in 10m; found a mapping"),
            ("filter: !pcap tcp", "6:13: the tag '!pcap' has no meaning here"),
            ("? [a]\n    : b", "6:7: a key has to be a word, not a list"),
            ("filter: *tcp", "6:13: there is no anchor '&tcp' before this"),
        ])
    func keys(_ line: String, _ expected: String) {
        let found = problems(complete(line))
        #expect(found == [expected])
    }

    @Test(
        "sources and outputs",
        arguments: [
            ("to: b", ["3:3: 'm' has no 'from', which says what is watched"]),
            ("from: a", ["3:3: 'm' has no 'to', which says where copies go"]),
            (
                "{from: [], to: []}",
                [
                    "4:12: 'from' is empty; it has to be a port, or a list of ports and bridges",
                    "4:20: 'to' is empty; it has to be a port, or a list of ports",
                ]
            ),
            (
                "{from: [a/b, ''], to: \(String(repeating: "a", count: 128))}",
                [
                    "4:13: 'a/b' can't be a name: an interface name has no '/', white space or control characters",
                    "4:18: '' can't be a name: it is empty",
                    "4:27: '\(String(repeating: "a", count: 60))…' can't be a name: it has 128 bytes; an interface name "
                        + "has at most 15, an altname 127",
                ]
            ),
            (
                "{from: 'a,b,a', to: '10.0.0.1,vnet*'}",
                [
                    "4:12: 'a' is listed twice in 'from'",
                    "4:25: '10.0.0.1' can't be a port: that is an address. Name an interface of this machine "
                        + "('portmirror ports' lists them); for copies to another machine, make a tunnel to it and name "
                        + "the tunnel's interface",
                    "4:25: 'vnet*' can't be a port: patterns aren't supported yet; name each port",
                ]
            ),
            (
                "{from: a, to: 'b:ingress'}",
                ["4:19: 'b:ingress' can't be an output: an output has no direction; leave out :ingress"]
            ),
            ("{from: a, to: {vlan: 12}}", ["4:19: expected 'bridge': which bridge's VLAN gets the copies?"]),
            ("{from: a, to: {bridge: b}}", ["4:19: expected 'vlan': which VLAN of the bridge gets the copies?"]),
            (
                "{from: a, to: {vlan: 0, bridge: b}}",
                ["4:26: 'vlan' has to be a number from 1 to 4094; found '0'"]
            ),
            (
                "{from: a, to: {port: c, vlan: 12}}",
                ["4:29: an output is a 'port', or a 'vlan' of a 'bridge'; make it two items"]
            ),
            (
                "{from: a, to: ['vlan:4095@b', 'vlan:5', 'vlan:5@b/c', 'vlan:5@b', {vlan: 5, bridge: b}]}",
                [
                    "4:20: 'vlan:4095@b' can't be an output: the VLAN has to be a number from 1 to 4094",
                    "4:35: 'vlan:5' can't be an output: expected vlan:VID@BRIDGE, as in vlan:12@ovsbr0",
                    "4:45: 'vlan:5@b/c' can't be a name: an interface name has no '/', white space or control characters",
                    "4:71: 'vlan:5@b' is listed twice in 'to'",
                ]
            ),
            (
                "{from: [a, {port: a}, a:ingress], to: [b, b]}",
                [
                    "4:16: 'a' is listed twice in 'from'", "4:47: 'b' is listed twice in 'to'",
                ]
            ),
            (
                "{from: [{bridge: b}, {bridge: b}], to: [{port: c}, c]}",
                [
                    "4:26: 'bridge b' is listed twice in 'from'", "4:56: 'c' is listed twice in 'to'",
                ]
            ),
            (
                "{from: {}, to: {}}",
                ["4:12: expected 'port' or 'bridge'", "4:20: expected 'port', 'vlan' and 'bridge', or 'files'"]
            ),
            ("{from: {port: a, bridge: b}, to: c}", ["4:22: a source is a 'port' or a 'bridge'; make it two items"]),
            (
                "{from: {bridge: a, direction: both}, to: c}",
                [
                    "4:24: a bridge has no 'direction': every frame that enters it is copied, once"
                ]
            ),
            (
                "{from: {port: a, direction: in}, to: c}",
                [
                    "4:33: unknown direction 'in'; the directions are ingress, egress, both"
                ]
            ),
            (
                "{from: {port: a, dirction: ingress}, to: {prot: c}}",
                [
                    "4:22: unknown key 'dirction'; did you mean 'direction'?",
                    "4:46: expected 'port', 'vlan' and 'bridge', or 'files'",
                    "4:47: unknown key 'prot'; did you mean 'port'?",
                ]
            ),
            (
                "{from: {port: null}, to: [~, [a]]}",
                [
                    "4:19: 'port' has to be an interface's name (in quotes if it is a word like null); found nothing",
                    "4:31: expected a port, as in 'vnet2' or 'port: vnet2'; found nothing",
                    "4:34: expected a port, as in 'vnet2' or 'port: vnet2'; found a list",
                ]
            ),
        ])
    func ports(_ lines: String, _ expected: [String]) {
        #expect(problems("version: 1\nmirrors:\n  m:\n    \(lines)") == expected)
    }

    @Test("mirrors that aren't, and names that can't be")
    func mirrorNames() {
        let text = """
            version: 1
            mirrors:
              -a: {from: b, to: c}
              'a b': {from: b, to: c}
              aaaaaaaaaaaaaaaa: {from: b, to: c}
              list: [a]
              nothing:
              word: tap
            """
        #expect(
            problems(text) == [
                "3:3: '-a' can't be a name: it has to begin with a letter or digit",
                "4:3: 'a b' can't be a name: ' ' isn't one of A-Z a-z 0-9 . _ -",
                "5:3: 'aaaaaaaaaaaaaaaa' can't be a name: it has 16 bytes; the limit is 15",
                "6:9: 'list' has to have 'from' and 'to'; found a list",
                "7:3: 'nothing' has to have 'from' and 'to'; found nothing",
                "8:9: 'word' has to have 'from' and 'to'; found 'tap'",
            ])
    }

    @Test("a duplicate key is found with everything else that is wrong")
    func duplicates() {
        let text = """
            version: 1
            mirrors:
              ids: {from: a, to: b, sample: 0}
              web:
                from: a
                "to": b
                filter: tcp
                'to': c
                filter: udp
                filter: ip
              ids: {from: a, from: a, to: b, snaplen: 1}
            version: 1
            """
        #expect(
            problems(text) == [
                "3:33: 'sample' has to be a number from 1 to 4294967295; found '0'", "8:5: 'to' is already on line 6",
                "9:5: 'filter' is already on line 7", "10:5: 'filter' is already on line 7",
                "11:3: 'ids' is already on line 3", "11:18: 'from' is already on line 11",
                "11:43: 'snaplen' has to be a number from 14 to 262144; found '1'",
                "12:1: 'version' is already on line 1",
            ])
        let many = "version: 1\nmirrors:\n" + (0..<60).map { "  m\($0 / 2): {from: a, to: b}\n" }.joined()
        #expect(problems(many).count == 30)
        #expect(
            problems("version: 1\nmirrors: {}\n&a x: 1\nx: 2").last == "4:1: 'x' is already on line 3")
    }

    @Test("an alias needs an anchor before it and nothing after it")
    func aliases() {
        let text = complete("filter: &a [*a]", "vlans: *b")
        #expect(
            problems(text) == [
                "6:13: 'filter' has to be a pcap-filter expression; found a list",
                "6:17: there is no anchor '&a' before this", "7:12: there is no anchor '&b' before this",
            ])
        #expect(problems(complete("until: *a b")).first?.hasPrefix("6:15: this isn't YAML: ") == true)
    }

    @Test("an end is given once")
    func twoEnds() {
        let text = complete("for: 10m", "until: 2026-12-01T12:00:00Z")
        #expect(problems(text) == ["7:5: 'for' and 'until' both say when the mirror ends; give one of them"])
    }

    @Test(
        "what isn't YAML is shown where it stops to be",
        arguments: [
            ("version: 1\nmirrors: [\n", "3:1"), ("version: 1\n\tmirrors: {}\n", "2:1"), ("a: 'b\n", "2:1"),
            ("a: b: c", "1:5"), ("a: \"\\q\"", "1:5"), ("version: 1\nmirrors: }", "2:10"),
        ])
    func syntax(_ text: String, _ place: String) {
        let found = problems(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("\(place): this isn't YAML: ") == true, "\(found)")
    }

    @Test("what isn't YAML doesn't begin where it stops to be")
    func syntaxContext() {
        #expect(problems("garbage: [\n").first?.contains("that begins on line 2") == false)
        #expect(problems("a: 'b\n").first?.hasSuffix("that begins on line 1") == true)
    }

    @Test("control characters are shown with their code and place")
    func controlCharacters() {
        let expected = "can't be in a file; in double quotes it can be written"
        #expect(problems("a: b\r\nc: é\u{7}") == ["2:5: the control character U+0007 \(expected) \\u0007"])
        #expect(problems("a\u{9b}") == ["1:2: the control character U+009B \(expected) \\u009B"])
        #expect(problems("a\0") == ["1:2: the control character U+0000 \(expected) \\u0000"])
    }

    @Test("columns count characters")
    func columns() throws {
        // A flag of two scalars, an e and its accent, and a plain one.
        let text = "version: 1\nmirrors:\n  m: {filter: 🇩🇪e\u{301}é, sample: 0, from: a, to: b}\n"
        #expect(problems(text).first?.hasPrefix("3:28: 'sample'") == true, "\(problems(text))")
        let valid = try parseConfig(text.replacing("sample: 0", with: "sample: 9"), file: "a", now: now)
        #expect(valid.first?.positions["sample"] == Position(line: 3, column: 28))
    }
}
