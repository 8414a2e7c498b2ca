import Netlink
import RandomNumbers
import Testing

@Suite struct AttributeTests {
    @Test("What is written is read") func writtenRead() {
        var writer = PayloadWriter()
        writer.attribute(1, UInt8(0xab))
        writer.attribute(2, UInt16(0x1234))
        writer.attribute(3, UInt32(0x89ab_cdef))
        writer.attribute(4, UInt64.max - 1)
        writer.attribute(5, Int32(-2))
        writer.attribute(6, string: "vnet0")
        writer.attribute(7, bytes: [1, 2, 3])
        writer.flag(8)
        writer.nest(9) { $0.nest(1) { $0.attribute(2, UInt32(7)) } }
        let attributes = Attributes(writer.bytes[...])
        #expect(writer.bytes.count % 4 == 0)
        #expect(attributes.map(\.type) == [1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect(attributes[1]?.integer() == UInt8(0xab))
        #expect(attributes[2]?.integer() == UInt16(0x1234))
        #expect(attributes[3]?.integer() == UInt32(0x89ab_cdef))
        #expect(attributes[4]?.integer() == UInt64.max - 1)
        #expect(attributes[5]?.integer() == Int32(-2))
        #expect(attributes[6]?.string == "vnet0")
        #expect(attributes[7].map { Array($0.bytes) } == [1, 2, 3])
        #expect(attributes[8]?.bytes.isEmpty == true)
        #expect(attributes[9]?.attributes[1]?.attributes[2]?.integer() == UInt32(7))
        #expect(attributes[10] == nil)
    }

    @Test("The bytes are those of the kernel's header") func bytesThoseKernelHeader() {
        var writer = PayloadWriter()
        writer.nest(2) { nest in
            nest.attribute(1, string: "u32")
            nest.attribute(5, bytes: [9])
        }
        let expected = hex(
            """
            14 00 02 80                  # TCA_OPTIONS, NLA_F_NESTED
              08 00 01 00 75 33 32 00    # a string with its NUL
              05 00 05 00 09 00 00 00    # one byte and its padding, which the length leaves out
            """)
        #expect(writer.bytes == expected)
    }

    @Test("Nested and byte order flags aren't part of the type") func nestedByteOrderFlags() {
        let attribute = Attributes(hex("08 00 05 c0 01 02 03 04")[...])[5]
        #expect(attribute?.bigEndian() == UInt32(0x0102_0304))
    }

    @Test("An integer of another size is none") func integerAnotherSizeNone() {
        let attribute = Attributes(hex("06 00 01 00 01 02 00 00")[...])[1]
        #expect(attribute?.integer() == UInt16(0x0201))
        #expect(attribute?.integer(UInt32.self) == nil)
        #expect(attribute?.integer(UInt8.self) == nil)
    }

    @Test("A length of nothing, or of less than a header, ends the walk")
    func lengthNothingLessThan() {
        for length in ["00 00", "01 00", "03 00"] {
            let bytes = hex("04 00 07 00 \(length) 08 00 04 00 09 00")
            #expect(Attributes(bytes[...]).map(\.type) == [7])
        }
    }

    @Test("An attribute longer than what there is ends the walk") func attributeLongerThanThere() {
        for length in ["09 00", "ff ff"] {
            #expect(Attributes(hex("\(length) 08 00 01 02 03 04")[...]).map(\.type) == [])
        }
    }

    @Test("The last attribute may lack its padding, and a tail too short for one is left")
    func lastAttributeMayLack() {
        #expect(Attributes(hex("05 00 01 00 ff")[...]).map { $0.bytes.count } == [1])
        for tail in ["", "05", "05 00", "05 00 02"] {
            #expect(Attributes(hex("04 00 01 00 \(tail)")[...]).map(\.type) == [1])
        }
    }

    @Test("Nested garbage is no attribute") func nestedGarbageNoAttribute() {
        let attributes = Attributes(hex("0c 00 01 80 ff ff ff ff 00 00 00 00 04 00 02 00")[...])
        #expect(attributes.map(\.type) == [1, 2])
        #expect(attributes[1]?.attributes.map(\.type) == [])
    }

    @Test("The first of several attributes of a type counts") func firstSeveralAttributesType() {
        #expect(Attributes(hex("05 00 01 00 0a 00 00 00 05 00 01 00 0b 00 00 00")[...])[1]?.integer() == UInt8(10))
    }

    @Test("Text without its NUL, and bytes that are no UTF-8, are still text")
    func textWithoutNulBytes() {
        #expect(Attributes(hex("07 00 01 00 61 62 63")[...])[1]?.string == "abc")
        #expect(Attributes(hex("07 00 01 00 ff 61 00")[...])[1]?.string == "\u{fffd}a")
    }

    @Test("Random bytes are walked to an end, each byte once at most") func randomBytesWalkedEnd() {
        var numbers = SeededNumbers(20_260_101)
        for _ in 0..<5_000 {
            // Small bytes make lengths that are nearly right.
            let limits: [UInt8] = [255, 12, 4]
            let limit = limits.randomElement(using: &numbers) ?? 255
            let bytes = (0..<Int.random(in: 0...80, using: &numbers)).map { _ in
                UInt8.random(in: 0...limit, using: &numbers)
            }
            let total = walk(Attributes(bytes[...]), depth: 0)
            #expect(total <= bytes.count)
        }
    }

    /// The bytes of all attributes, themselves walked.
    private func walk(_ attributes: Attributes, depth: Int) -> Int {
        attributes.reduce(0) { sum, attribute in
            if depth < 20 { _ = walk(attribute.attributes, depth: depth + 1) }
            _ = attribute.string
            return sum + 4 + attribute.bytes.count
        }
    }

    @Test("A reader says what is missing") func readerSaysMissing() throws {
        var reader = PayloadReader(hex("01 02 03")[...])
        #expect(try reader.read(UInt16.self) == 0x0201)
        #expect(throws: MalformedBytes("an integer of 4 bytes has only 1")) { try reader.read(UInt32.self) }
        #expect(throws: MalformedBytes("2 bytes to skip, 1 left")) { try reader.skip(2) }
        #expect(try reader.read(UInt8.self) == 3)
    }
}
