import Diagnosis
import FoundationEssentials
import MirrorModel
import Testing

@Suite("What is found has a code, a sentence, an advice and its evidence") struct FindingTests {
    @Test("There is an example of each code") func codes() throws {
        let seen = Set(try Examples.all().map(\.statement.code))
        #expect(Finding.Code.allCases.filter { !seen.contains($0) } == [])
        for code in Finding.Code.allCases {
            #expect(code.rawValue.allSatisfy { $0.isLowercase && $0.isASCII || $0 == "-" }, "\(code)")
        }
    }

    @Test("Each says what is wrong and what to do next, on one line and without a full stop") func words() throws {
        for problem in try Examples.all() {
            let said = problem.statement
            #expect(!said.message.isEmpty && !said.advice.isEmpty, "\(said)")
            for text in [said.message, said.advice] {
                #expect(!text.hasSuffix(".") && !text.contains("  ") && !text.contains("\n"), "\(text)")
            }
            #expect(said.evidence.values.allSatisfy { !$0.isEmpty }, "\(said)")
        }
    }

    @Test("What goes round in circles or does harm has to stop, and nothing else") func stopping() throws {
        let stopping = Set(Finding.Code.allCases.filter(\.stopsWhatRuns).compactMap(\.rule))
        #expect(stopping == [.loop, .outputIsSource, .leak, .harm])
        #expect(Finding.Code.allCases.allSatisfy { $0.rule != nil || !$0.stopsWhatRuns })
    }

    @Test("Its description names the mirror, if it is about one") func descriptions() throws {
        let problem = Problem.definition(.outputIsSource(try PortName("vnet0")))
        let words = "vnet0 can't be both source and output: take it out of one of the two"
        #expect(Finding(problem, of: try MirrorName("web")).description == "mirror web: \(words)")
        #expect(Finding(problem, of: nil).description == words)
    }

    @Test("As JSON it has code, mirror, rule, message, advice and evidence") func json() throws {
        let finding = Finding(.way(.tooManyInARow(5, limit: 4)), of: try MirrorName("web"))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        #expect(
            String(decoding: try encoder.encode(finding), as: UTF8.self) == """
                {
                  "advice" : "watch the first mirror's sources instead, or have a process copy (--engine tap)",
                  "code" : "chain-too-long",
                  "evidence" : {
                    "count" : [
                      "5"
                    ],
                    "limit" : [
                      "4"
                    ]
                  },
                  "message" : "it would be one of 5 mirrors in a row; the kernel carries a copy through 4 and drops it then",
                  "mirror" : "web",
                  "rule" : "capability"
                }
                """)
    }

    @Test("Another process reads from JSON what was said") func roundTrip() throws {
        for problem in try Examples.all() {
            for mirror in [try MirrorName("web"), nil] {
                let finding = Finding(problem, of: mirror)
                let read = try JSONDecoder().decode(Finding.self, from: try JSONEncoder().encode(finding))
                #expect(read == finding && Set([read, finding]).count == 1 && read.mirror == mirror)
                #expect(read.description == finding.description && read.rule == finding.rule)
            }
        }
    }
}
