select id, concert, seats, paid from orders where mail = :'mail';
