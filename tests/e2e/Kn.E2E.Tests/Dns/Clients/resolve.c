/*
 * What programs do with names: the C library's own resolver, whichever library this is linked with.
 *
 *   resolve hosts FAMILY NAME...      getaddrinfo; FAMILY is 0, 4 or 6: "NAME: address..." or "NAME: EAI_..."
 *   resolve names ADDRESS...          getnameinfo: "ADDRESS: name"
 *   resolve query NAME TYPE...        res_mkquery and res_send: the answer as dig prints it
 *   resolve reach FAMILY NAME PORT    asks until there is an address, and connects at once, one attempt: "connected" or the error
 *   resolve watch FAMILY NAME         asks again and again until its input ends: "asked N failed M longest MS"
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifndef EAI_NODATA
#define EAI_NODATA -5
#endif

struct type { const char *name; int number; };

static const struct type types[] = {
	{ "A", 1 }, { "NS", 2 }, { "CNAME", 5 }, { "SOA", 6 }, { "PTR", 12 }, { "HINFO", 13 }, { "MX", 15 }, { "TXT", 16 }, { "AAAA", 28 }, { "SRV", 33 }, { "ANY", 255 },
};

static int type_of(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].number;
	fprintf(stderr, "type %s?\n", name);
	exit(64);
}

static const char *name_of(int type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].number == type)
			return types[i].name;
	return "OTHER";
}

static const char *error_of(int code)
{
	switch (code) {
	case EAI_NONAME: return "EAI_NONAME";
	case EAI_AGAIN: return "EAI_AGAIN";
	case EAI_FAIL: return "EAI_FAIL";
	case EAI_NODATA: return "EAI_NODATA";
	default: return gai_strerror(code);
	}
}

static const char *text_of(const struct addrinfo *entry, char *text)
{
	const void *address = entry->ai_family == AF_INET6
		? (const void *)&((const struct sockaddr_in6 *)entry->ai_addr)->sin6_addr
		: (const void *)&((const struct sockaddr_in *)entry->ai_addr)->sin_addr;
	return inet_ntop(entry->ai_family, address, text, INET6_ADDRSTRLEN);
}

static int find(const char *family, const char *name, const char *port, struct addrinfo **found)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = *family == '4' ? AF_INET : *family == '6' ? AF_INET6 : AF_UNSPEC };
	return getaddrinfo(name, port, &hints, found);
}

static int hosts(char **arguments)
{
	const char *family = *arguments++;
	for (; *arguments; arguments++) {
		struct addrinfo *found;
		char text[INET6_ADDRSTRLEN];
		int code = find(family, *arguments, NULL, &found);
		printf("%s:", *arguments);
		if (code != 0)
			printf(" %s", error_of(code));
		for (struct addrinfo *entry = code == 0 ? found : NULL; entry; entry = entry->ai_next)
			printf(" %s", text_of(entry, text));
		putchar('\n');
		if (code == 0)
			freeaddrinfo(found);
	}
	return 0;
}

static int names(char **arguments)
{
	for (; *arguments; arguments++) {
		struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *found;
		char name[NI_MAXHOST];
		int code = getaddrinfo(*arguments, NULL, &hints, &found);
		if (code == 0)
			code = getnameinfo(found->ai_addr, found->ai_addrlen, name, sizeof name, NULL, 0, NI_NAMEREQD);
		printf("%s: %s\n", *arguments, code == 0 ? name : error_of(code));
	}
	return 0;
}

static void print_name(const unsigned char *message, const unsigned char *end, const unsigned char *at)
{
	char name[NS_MAXDNAME];
	printf("%s.", dn_expand(message, end, at, name, sizeof name) < 0 ? "?" : name);
}

static void print_texts(const unsigned char *data, int length)
{
	for (int at = 0; at < length; at += 1 + data[at])
		printf("%s\"%.*s\"", at ? " " : "", data[at], (const char *)data + at + 1);
}

static void print_record(const unsigned char *message, const unsigned char *end, ns_rr record)
{
	const unsigned char *data = ns_rr_rdata(record);
	char text[INET6_ADDRSTRLEN];
	int type = ns_rr_type(record);
	if (type == 41)
		return;
	printf("%s.\t%lu\tIN\t%s\t", ns_rr_name(record), (unsigned long)ns_rr_ttl(record), name_of(type));
	switch (type) {
	case 1: printf("%s", inet_ntop(AF_INET, data, text, sizeof text)); break;
	case 28: printf("%s", inet_ntop(AF_INET6, data, text, sizeof text)); break;
	case 2: case 5: case 12: print_name(message, end, data); break;
	case 15: printf("%u ", ns_get16(data)); print_name(message, end, data + 2); break;
	case 13: case 16: print_texts(data, ns_rr_rdlen(record)); break;
	case 33: printf("%u %u %u ", ns_get16(data), ns_get16(data + 2), ns_get16(data + 4)); print_name(message, end, data + 6); break;
	case 6: print_name(message, end, data); printf(" minimum %lu", (unsigned long)ns_get32(data + ns_rr_rdlen(record) - 4)); break;
	default: printf("\\# %d", ns_rr_rdlen(record));
	}
	putchar('\n');
}

static void print_message(const unsigned char *message, int length)
{
	static const char *const rcodes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED" };
	static const char *const sections[] = { "ANSWER", "AUTHORITY", "ADDITIONAL" };
	int rcode = message[3] & 15;
	ns_msg parsed;
	ns_rr record;
	printf(";; ->>HEADER<<- opcode: QUERY, status: %s, id: %u\n", rcode < 6 ? rcodes[rcode] : "OTHER", ns_get16(message));
	printf(";; flags:%s%s%s%s%s;\n", message[2] & 128 ? " qr" : "", message[2] & 4 ? " aa" : "", message[2] & 2 ? " tc" : "", message[2] & 1 ? " rd" : "", message[3] & 128 ? " ra" : "");
	if (ns_initparse(message, length, &parsed) != 0) {
		puts(";; malformed");
		return;
	}
	for (int section = 1; section < 4; section++) {
		printf(";; %s SECTION:\n", sections[section - 1]);
		for (int i = 0; i < ns_msg_count(parsed, section); i++) {
			if (ns_parserr(&parsed, section, i, &record) != 0) {
				puts(";; malformed");
				return;
			}
			print_record(message, message + length, record);
		}
	}
}

static int query(char **arguments)
{
	static unsigned char answer[65536];
	for (; *arguments; arguments += 2) {
		unsigned char question[512];
		int length = res_mkquery(QUERY, arguments[0], 1, type_of(arguments[1]), NULL, 0, NULL, question, sizeof question);
		memset(answer, 0, 12);
		length = length < 0 ? length : res_send(question, length, answer, sizeof answer);
		/* glibc keeps an answer that says SERVFAIL, but calls it none. */
		if (length < 12 && !(answer[2] & 128))
			puts(";; no servers could be reached");
		else
			print_message(answer, length < 12 ? 12 : length > (int)sizeof answer ? (int)sizeof answer : length);
		fflush(stdout);
	}
	return 0;
}

static long milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int reach(char **arguments)
{
	struct addrinfo *found;
	long began = milliseconds();
	int code;
	do
		code = find(arguments[0], arguments[1], arguments[2], &found);
	while (code != 0 && milliseconds() - began < 20000);
	if (code != 0) {
		puts(error_of(code));
		return 1;
	}
	int connection = socket(found->ai_family, SOCK_STREAM, 0);
	struct timeval patience = { 2, 0 };
	setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	puts(connect(connection, found->ai_addr, found->ai_addrlen) == 0 ? "connected" : strerror(errno));
	return 0;
}

static int watch(char **arguments)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	long asked = 0, failed = 0, longest = 0;
	do {
		struct addrinfo *found;
		long began = milliseconds();
		int code = find(arguments[0], arguments[1], NULL, &found);
		long took = milliseconds() - began;
		asked++;
		if (code == 0)
			freeaddrinfo(found);
		else
			failed++;
		if (took > longest)
			longest = took;
	} while (poll(&input, 1, 5) == 0);
	printf("asked %ld failed %ld longest %ld\n", asked, failed, longest);
	return 0;
}

int main(int count, char **arguments)
{
	if (count >= 4 && strcmp(arguments[1], "hosts") == 0)
		return hosts(arguments + 2);
	if (count >= 3 && strcmp(arguments[1], "names") == 0)
		return names(arguments + 2);
	if (count >= 4 && count % 2 == 0 && strcmp(arguments[1], "query") == 0)
		return query(arguments + 2);
	if (count == 5 && strcmp(arguments[1], "reach") == 0)
		return reach(arguments + 2);
	if (count == 4 && strcmp(arguments[1], "watch") == 0)
		return watch(arguments + 2);
	fprintf(stderr, "resolve: see the head of resolve.c\n");
	return 64;
}
