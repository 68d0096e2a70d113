#!/usr/bin/python3
"""pyftpdlib as a server for anybody, with explicit TLS. usage: lab_pyftpd.py ADDRESS FOLDER CERTIFICATE"""
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer


def main():
    address, folder, certificate = sys.argv[1:]
    authorizer = DummyAuthorizer()
    authorizer.add_anonymous(folder)
    TLS_FTPHandler.authorizer = authorizer
    TLS_FTPHandler.certfile = certificate
    FTPServer((address, 21), TLS_FTPHandler).serve_forever()


if __name__ == '__main__':
    main()
