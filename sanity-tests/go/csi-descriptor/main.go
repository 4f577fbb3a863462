// Command csi-descriptor prints what the published CSI module declares, one line a thing, sorted:
// messages, fields (number, type, label, oneof, secret or not), enums and their values, services,
// methods and extensions. csi-proto's test prints our own descriptor the same way and compares.
package main

import (
	"fmt"
	"sort"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var lines []string

func add(format string, arguments ...any) {
	lines = append(lines, fmt.Sprintf(format, arguments...))
}

func main() {
	file := csi.File_csi_proto
	messages(file.Messages())
	enums(file.Enums())
	services(file.Services())
	for i := 0; i < file.Extensions().Len(); i++ {
		extension := file.Extensions().Get(i)
		add("extension %s %d %s of %s", extension.FullName(), extension.Number(), typeOf(extension),
			extension.ContainingMessage().FullName())
	}
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "\n"))
}

func messages(all protoreflect.MessageDescriptors) {
	for i := 0; i < all.Len(); i++ {
		message := all.Get(i)
		if message.IsMapEntry() {
			continue
		}
		add("message %s", message.FullName())
		for j := 0; j < message.Fields().Len(); j++ {
			field(message, message.Fields().Get(j))
		}
		messages(message.Messages())
		enums(message.Enums())
	}
}

func field(message protoreflect.MessageDescriptor, field protoreflect.FieldDescriptor) {
	label := "single"
	if field.IsMap() {
		label = "map"
	} else if field.IsList() {
		label = "repeated"
	}
	oneof := "-"
	if field.ContainingOneof() != nil {
		oneof = string(field.ContainingOneof().Name())
	}
	secret := ""
	if proto.GetExtension(field.Options(), csi.E_CsiSecret).(bool) {
		secret = " secret"
	}
	add("field %s.%s %d %s %s oneof %s%s", message.FullName(), field.Name(), field.Number(), typeOf(field), label,
		oneof, secret)
}

func typeOf(field protoreflect.FieldDescriptor) string {
	if field.IsMap() {
		return "map<" + typeOf(field.MapKey()) + "," + typeOf(field.MapValue()) + ">"
	}
	switch field.Kind() {
	case protoreflect.MessageKind:
		return string(field.Message().FullName())
	case protoreflect.EnumKind:
		return string(field.Enum().FullName())
	default:
		return field.Kind().String()
	}
}

func enums(all protoreflect.EnumDescriptors) {
	for i := 0; i < all.Len(); i++ {
		enum := all.Get(i)
		add("enum %s", enum.FullName())
		for j := 0; j < enum.Values().Len(); j++ {
			value := enum.Values().Get(j)
			add("value %s.%s %d", enum.FullName(), value.Name(), value.Number())
		}
	}
}

func services(all protoreflect.ServiceDescriptors) {
	for i := 0; i < all.Len(); i++ {
		service := all.Get(i)
		add("service %s", service.FullName())
		for j := 0; j < service.Methods().Len(); j++ {
			method := service.Methods().Get(j)
			add("method %s %s%s %s%s", method.FullName(), stream(method.IsStreamingClient()),
				method.Input().FullName(), stream(method.IsStreamingServer()), method.Output().FullName())
		}
	}
}

func stream(streaming bool) string {
	if streaming {
		return "stream "
	}
	return ""
}
