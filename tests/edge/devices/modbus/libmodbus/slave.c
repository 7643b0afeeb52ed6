/* A Modbus slave by libmodbus that holds what a file says: lines "TABLE ADDRESS VALUE", the table
   by its read function 1 to 4. Usage: slave tcp PORT UNIT FILE, or slave rtu DEVICE UNIT FILE. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fill(modbus_mapping_t *held, const char *path)
{
    FILE *file = fopen(path, "r");
    int table, address, value;
    if (file == NULL) return -1;
    while (fscanf(file, "%d %d %d", &table, &address, &value) == 3) {
        if (table == 1) held->tab_bits[address] = (uint8_t)value;
        if (table == 2) held->tab_input_bits[address] = (uint8_t)value;
        if (table == 3) held->tab_registers[address] = (uint16_t)value;
        if (table == 4) held->tab_input_registers[address] = (uint16_t)value;
    }
    return fclose(file);
}

int main(int argc, char **argv)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_mapping_t *held = modbus_mapping_new(65536, 65536, 65536, 65536);
    modbus_t *context;
    int listening = -1, count;
    if (argc != 5 || held == NULL || fill(held, argv[4]) != 0) return 2;
    if (strcmp(argv[1], "tcp") == 0) {
        context = modbus_new_tcp("127.0.0.1", atoi(argv[2]));
        listening = modbus_tcp_listen(context, 1);
        if (listening < 0) return 3;
        puts("listening");
        fflush(stdout);
        if (modbus_tcp_accept(context, &listening) < 0) return 3;
    } else {
        context = modbus_new_rtu(argv[2], 115200, 'N', 8, 1);
        modbus_set_slave(context, atoi(argv[3]));
        if (modbus_connect(context) != 0) return 3;
        puts("listening");
        fflush(stdout);
    }
    for (;;) {
        count = modbus_receive(context, query);
        if (count > 0) modbus_reply(context, query, count, held);
        else if (count < 0 && listening >= 0) return 0;
        else if (count < 0 && errno != ETIMEDOUT && errno != EMBBADCRC) return 0;
    }
}
